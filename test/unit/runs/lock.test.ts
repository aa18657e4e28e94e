import { spawnSync } from 'node:child_process';
import { hostname } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { isDead, thisProcess } from '../../../runtime/src/runs/lock-owner.ts';
import { findLock, lockFinder } from '../../../runtime/src/runs/lock-state.ts';
import { takeLock } from '../../../runtime/src/runs/lock.ts';
import { isBackupError } from '../../../runtime/src/core/errors.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import { startS3Fixture } from '../../conformance/stores/s3.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { testRun } from '../../kit/run.ts';
import { collect, streamOf } from '../../kit/streams.ts';
import { until } from '../../kit/until.ts';
import { listed } from '../../kit/objects.ts';
import { noting } from '../../kit/indexes.ts';

const lifeMs = 120_000;
const never = { lifeMs, renewMs: 1_000_000 };

/** A clock that a test moves, and the lines that are logged. */
const fakeRun = () => {
  const lines: string[] = [];
  const clock = { ms: Date.parse('2024-01-01T02:00:00Z') };
  const log = pino({ level: 'info', base: null }, { write: (line: string) => void lines.push(line) });
  const run = testRun({ now: () => new Date(clock.ms), log });
  return { run, clock, lines };
};

describe.each([
  ['directory', startDirectory],
  ['s3', startS3Fixture],
] as const)('lock in a store of kind %s', (_kind, start) => {
  let store: Store;
  beforeEachStore((fresh) => (store = fresh), start);

  const keys = async () => (await listed(store, 'locks/')).map(({ key }) => key);

  test('a live lock keeps others away and names its owner', async () => {
    const { run } = fakeRun();
    const lock = await takeLock(run, store, 'redis', 'backup', never);
    const error = await takeLock(run, store, 'redis', 'prune', never).catch((thrown: unknown) => thrown);
    expect(isBackupError(error, 'lock.held') && [error.exitCode, error.message]).toEqual([
      9,
      `redis has been locked by backup on ${hostname()} (pid ${process.pid}) since 2024-01-01T02:00:00.000Z; ` +
        'the run renews the lock, which otherwise expires at 2024-01-01T02:02:00.000Z',
    ]);
    await (await takeLock(run, store, 'postgresql', 'backup', never)).release(); // another target is free
    await lock.release();
    await (await takeLock(run, store, 'redis', 'prune', never)).release();
    expect(await keys()).toEqual(['locks/postgresql/00000001.json', 'locks/redis/00000002.json']);
  });

  test('a finder reads a lock again only when it changed, and judges it by the clock each time', async () => {
    const { run, clock } = fakeRun();
    const gets: string[] = [];
    const find = lockFinder(noting(store, gets));
    const stateNow = async () => [(await find('redis', run.now()))?.state, gets.length];
    const lock = await takeLock(run, store, 'redis', 'backup', never);
    expect([await stateNow(), await stateNow()]).toEqual([
      ['held', 1],
      ['held', 1],
    ]);
    clock.ms += lifeMs;
    expect(await stateNow()).toEqual(['expired', 1]);
    await lock.release();
    expect(await stateNow()).toEqual(['released', 2]);
    await takeLock(run, store, 'redis', 'backup', never);
    expect(await stateNow()).toEqual(['held', 3]);
  });

  test('an expired lock is taken over and reported', async () => {
    const { run, clock, lines } = fakeRun();
    await takeLock(run, store, 'redis', 'backup', never);
    clock.ms += lifeMs - 1;
    await expect(takeLock(run, store, 'redis', 'backup', never)).rejects.toThrow('redis has been locked');
    clock.ms += 1;
    const lock = await takeLock(run, store, 'redis', 'restore', never);
    expect(lines.join('')).toContain(`"owner":"backup on ${hostname()} (pid ${process.pid})"`);
    expect(lines.join('')).toContain('took over the lock');
    expect((await findLock(store, 'redis', run.now()))?.lock?.owner.command).toBe('restore');
    await lock.release();
  });

  test.each(['free', 'expired', 'released'])('a race for a %s lock has one winner', async (state) => {
    const { run, clock } = fakeRun();
    if (state === 'expired') await takeLock(run, store, 'redis', 'backup', never);
    if (state === 'released') await (await takeLock(run, store, 'redis', 'backup', never)).release();
    clock.ms += lifeMs;
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, () => takeLock(run, store, 'redis', 'backup', never)),
    );
    const winners = outcomes.filter(({ status }) => status === 'fulfilled');
    expect(winners).toHaveLength(1);
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'lock.held' });
  });

  test('is renewed while its owner runs', async () => {
    const { run, clock } = fakeRun();
    const lock = await takeLock(run, store, 'redis', 'backup', { lifeMs, renewMs: 10 });
    const renewed = async () =>
      (await findLock(store, 'redis', run.now()))?.lock?.expiresAt ===
      new Date(clock.ms + lifeMs).toISOString();
    // what is seen of a renewal may come before its owner knows that it is durable: it knows of the one before
    for (let step = 0; step < 3; step++) {
      clock.ms += lifeMs / 3;
      await until(renewed);
    }
    expect(lock.lost.aborted).toBe(false);
    await lock.release();
    expect((await findLock(store, 'redis', run.now()))?.state).toBe('released');
  });

  test('an owner whose lock was taken over learns it, and does not touch the new one', async () => {
    const { run, clock } = fakeRun();
    const first = await takeLock(run, store, 'redis', 'backup', { lifeMs, renewMs: 1000 });
    clock.ms += lifeMs;
    const second = await takeLock(run, store, 'redis', 'prune', never);
    await until(() => first.lost.aborted);
    expect(first.lost.reason).toMatchObject({ code: 'lock.lost', exitCode: 9 });
    await first.release();
    expect(await findLock(store, 'redis', run.now())).toMatchObject({
      state: 'held',
      lock: { owner: { command: 'prune' } },
    });
    await second.release();
  });

  test('what is no lock keeps nobody away', async () => {
    const { run, lines } = fakeRun();
    await store.put('locks/redis/00000007.json', streamOf('{"owner":'));
    const lock = await takeLock(run, store, 'redis', 'backup', never);
    expect(lines.join('')).toContain('"state":"unreadable"');
    expect(await keys()).toEqual(['locks/redis/00000008.json']);
    expect((await collect(store.get('locks/redis/00000008.json'))).toString()).toContain(
      '"command":"backup"',
    );
    await lock.release();
  });
});

describe('the owner of a lock', () => {
  test('lives as long as its process', () => {
    const self = thisProcess('id', 'backup');
    expect(isDead(self)).toBe(false);
    const { pid } = spawnSync('true');
    expect(isDead({ ...self, pid })).toBe(true);
  });

  test('of another host, or one that does not tell, may live', () => {
    const self = thisProcess('id', 'backup');
    const { pid } = spawnSync('true');
    expect(isDead({ ...self, pid, instance: self.instance!.replace(/^./, 'z') })).toBe(false);
    const { instance: _, ...silent } = self;
    expect(isDead({ ...silent, pid })).toBe(false);
  });

  test('is not another process that got its id', () => {
    const self = thisProcess('id', 'backup');
    expect(isDead({ ...self, instance: self.instance!.replace(/\d+$/, '1') })).toBe(true);
  });
});
