import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { readCatalog } from '../../runtime/src/archives/catalogue.ts';
import { indexKey } from '../../runtime/src/archives/layout.ts';
import { findLock } from '../../runtime/src/runs/lock-state.ts';
import type { RunRecord } from '../../runtime/src/runs/records.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { backup } from '../../runtime/src/commands/backup/backup.ts';
import { pruneRun } from '../../runtime/src/commands/prune/prune.ts';
import { buildReport } from '../../runtime/src/commands/verify/report.ts';
import { verify } from '../../runtime/src/commands/verify/verify.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { dayMs } from '../../runtime/src/core/units.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { recordsOf, redisTarget, testApp } from '../kit/app.ts';
import { listed } from '../kit/objects.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

let redis: TestRedis;
let fixture: StoreFixture;
let [primary, replica]: Store[] = [];

const start = Date.parse('2024-01-03T02:00:00Z');

beforeAll(async () => {
  redis = await startRedis({ password: 'secret' });
  await redis.cli('MSET', 'a', '1', 'b', '2');
  fixture = await startDirectory();
}, 60_000);
afterAll(async () => {
  await redis.stop();
  await fixture.stop();
});
beforeEach(async () => {
  [primary, replica] = [await fixture.open(), await fixture.open()];
});

/** An app on the given day, that SIGTERM stops. */
const appOn = (day: number, stores: readonly [Store, Store], plan: object = {}, signal?: AbortSignal): App =>
  testApp({
    stores: { primary: stores[0], replicas: [stores[1]] },
    targets: [redisTarget(redis)],
    plan,
    run: { now: () => new Date(start + day * dayMs), ...(signal && { signal }) },
  });

type Operation = 'copy' | 'put' | 'remove';

/** A store during whose n-th operation SIGTERM comes; the operation itself ends well, or fails as an aborted one. */
const stopDuring = (store: Store, operation: Operation, nth: number, stop: () => void): Store => {
  let calls = 0;
  const call = (...args: readonly never[]): unknown => {
    if (!/^(locks|runs|audit)\//.test(String(args[0])) && ++calls === nth) stop();
    return store[operation](...(args as readonly [never, never, never]));
  };
  return { ...store, [operation]: call };
};

/** Nothing half-committed: every archive has a manifest and the other way round, and the alias leads to one of them. */
const expectWhole = async (store: Store): Promise<number> => {
  const every = (await listed(store, 'redis/')).map(({ key }) => key);
  const objects = every.filter((key) => key !== indexKey('redis'));
  const { archives, broken } = await readCatalog(store, 'redis');
  expect(broken).toEqual([]);
  expect(objects.toSorted()).toEqual(archives.flatMap(({ key }) => [key, `${key}.manifest.json`]).toSorted());
  for (const { key, signed } of archives)
    expect((await store.head(key))?.bytes).toBe(signed.manifest.archiveBytes);
  const latest = await store.resolve('redis/latest_backup.tar.gz.enc');
  if (latest) expect(objects).toContain(latest);
  return archives.length;
};

const lastRun = async (store: Store): Promise<RunRecord> => {
  const [record] = await recordsOf(store, 'redis');
  if (!record) throw new Error('no run was recorded');
  return record;
};

const stopped = async (
  operation: Operation,
  nth: number,
  where: 'primary' | 'replica',
  day: number,
  command: (app: App) => Promise<unknown>,
  plan: object = {},
) => {
  const controller = new AbortController();
  const stop = () => controller.abort(new Error('received SIGTERM'));
  const stores: [Store, Store] = [
    where === 'primary' ? stopDuring(primary!, operation, nth, stop) : primary!,
    where === 'replica' ? stopDuring(replica!, operation, nth, stop) : replica!,
  ];
  const error = await command(appOn(day, stores, plan, controller.signal)).catch((thrown: unknown) => thrown);
  expect(error).toMatchObject({ code: 'run.interrupted', exitCode: 1 });
  expect(await lastRun(primary!)).toMatchObject({
    ok: false,
    exitCode: 1,
    failure: { code: 'run.interrupted' },
  });
  expect((await findLock(primary!, 'redis', new Date(start)))?.state).toBe('released');
};

describe('SIGTERM leaves nothing half-committed, and the next run makes up for it', () => {
  const backUp = (app: App) => backup(app, 'redis');

  test.each([
    ['the first copy to a tier', 'copy', 1, 'primary', 2],
    ['the second copy to a tier', 'copy', 2, 'primary', 3],
    ['the manifest of a tier copy', 'put', 3, 'primary', 2],
    ['the archive itself', 'put', 1, 'primary', 0],
    ['sending to the replica', 'put', 1, 'replica', 3],
    ['the manifest in the replica', 'put', 2, 'replica', 3],
    ['a copy in the replica', 'copy', 1, 'replica', 3],
  ] as const)('during %s', async (_, operation, nth, where, archives) => {
    await stopped(operation, nth, where, 0, backUp);
    expect(await expectWhole(primary!)).toBe(archives);
    await expectWhole(replica!);
    await backup(appOn(1, [primary!, replica!]), 'redis');
    const whole = await expectWhole(primary!);
    expect(whole).toBe(archives === 0 ? 3 : 4); // daily twice or once, weekly, monthly
    expect(await expectWhole(replica!)).toBe(whole);
  });

  test.each([
    ['the first removal', 1, 'primary'],
    ['the removal of an archive', 2, 'primary'],
    ['the second manifest', 3, 'primary'],
    ['the replica', 1, 'replica'],
  ] as const)('during retention: %s', async (_, nth, where) => {
    for (const day of [0, 1, 2, 3]) await backup(appOn(day, [primary!, replica!]), 'redis');
    const before = await expectWhole(primary!);
    const plan = { retention: { days: 1, maxShare: 1 } };
    const prune = (app: App) => pruneRun(app, 'redis', { dryRun: false, force: false });
    await stopped('remove', nth, where, 3, prune, plan);
    await expectWhole(primary!);
    await expectWhole(replica!);
    await prune(appOn(3, [primary!, replica!], plan));
    const after = await expectWhole(primary!);
    expect(after).toBe(before - 3);
    expect(await expectWhole(replica!)).toBe(after);
  });
});

describe('SIGTERM during a verification', () => {
  test('keeps what was found so far, and names what was not reached', async () => {
    const controller = new AbortController();
    const names = ['redis', 'second', 'third'];
    const appOver = (store: Store) =>
      testApp({
        stores: { primary: store, replicas: [] },
        targets: names.map((name) => redisTarget(redis, { name })),
        run: { signal: controller.signal },
      });
    for (const name of names) await backup(appOver(primary!), name);
    const stopping: Store = {
      ...primary!,
      head: (key) => {
        if (/^second\/.*enc$/.test(key)) controller.abort(new Error('received SIGTERM'));
        return primary!.head(key);
      },
    };
    const outcome = await verify(appOver(stopping), { level: 'deep', last: 1 });
    const newest = (await readCatalog(primary!, 'redis')).archives.map(({ key }) => key);
    expect(outcome.results.filter(({ target }) => target === 'redis').map(({ archive }) => archive)).toEqual(
      newest,
    );
    const others = outcome.results.filter(({ target }) => target !== 'redis');
    expect(others).toMatchObject([{ target: 'second', ok: true }]); // the one that was being verified
    expect(outcome).toMatchObject({
      stopped: { code: 'run.interrupted', message: 'the run was stopped: received SIGTERM' },
      notReached: ['second', 'third'],
    });
    const { results, notReached, stopped } = outcome;
    const about = { environment: 'test', generatedAt: new Date().toISOString(), stopped: stopped!.message };
    const report = buildReport({ ...about, results, notReached, warnings: [] });
    expect(report).toMatchObject({ status: 'failed', failed: 0, stopped: stopped!.message });
    for (const record of await recordsOf(primary!, 'second'))
      if (record.command === 'verify') expect(record.failure?.code).toBe('run.interrupted');
    expect(await listed(primary!, 'runs/third/')).toHaveLength(1);
  });
});

describe('a deadline', () => {
  // it counts from the start of its process, which a run of all tests has long behind it
  beforeEach(() => void jest.spyOn(process, 'uptime').mockReturnValue(0));
  afterEach(() => void jest.restoreAllMocks());

  test('stops the run before the Job ends, with its own code', async () => {
    let reached = false;
    const stuck: Store = {
      ...primary!,
      put: (key, body, options) => {
        if (!key.startsWith('redis/')) return primary!.put(key, body, options);
        reached = true;
        return new Promise((_, reject) =>
          options!.signal!.addEventListener('abort', () => reject(new Error('was stopped'))),
        );
      },
    };
    const app = testApp({
      stores: { primary: stuck, replicas: [] },
      targets: [redisTarget(redis, { deadline: '2s' })],
    });
    const error = await backup(app, 'redis').catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({
      code: 'run.deadline',
      exitCode: 1,
      retryable: false,
      message: 'stopped after 1.8s, shortly before the deadline of 2s',
    });
    expect(reached).toBe(true);
    expect(await lastRun(primary!)).toMatchObject({ command: 'backup', failure: { code: 'run.deadline' } });
    expect(await listed(primary!, 'redis/')).toEqual([]);
    expect((await findLock(primary!, 'redis', new Date()))?.state).toBe('released');
  });
});

describe('retention', () => {
  const prune = (day: number, force = false) =>
    pruneRun(appOn(day, [primary!, replica!], { retention: { days: 1 } }), 'redis', { dryRun: false, force });
  const removed = (decisions: Awaited<ReturnType<typeof prune>>) =>
    decisions.filter(({ keep, store }) => !keep && store === primary!.location).length;

  test('waits while the last backup failed, and force does not', async () => {
    for (const day of [0, 1, 2, 3]) await backup(appOn(day, [primary!, replica!]), 'redis');
    const broken = testApp({
      stores: { primary: primary!, replicas: [] },
      targets: [redisTarget({ host: '127.0.0.1', port: 1 })],
      run: { now: () => new Date(start + 4 * dayMs) },
    });
    await expect(backup(broken, 'redis')).rejects.toMatchObject({ code: 'source.unreachable' });
    const frozen = await prune(4);
    expect(removed(frozen)).toBe(0);
    expect(frozen.map(({ reason }) => reason)).toContain(
      'nothing is removed while backups fail: source.unreachable at 2024-01-07T02:00:00.000Z',
    );
    expect(removed(await prune(4, true))).toBe(3);
    await expectWhole(primary!);
  });

  test('takes no more than a share at once', async () => {
    for (const day of [0, 1, 2, 3]) await backup(appOn(day, [primary!, replica!]), 'redis');
    expect(removed(await prune(3))).toBe(2);
    expect(removed(await prune(3))).toBe(1);
    expect(removed(await prune(3))).toBe(0);
  });
});
