import { hostname } from 'node:os';
import { describe, expect, test } from '@jest/globals';
import { writeManifest } from '../../../../runtime/src/archives/catalogue.ts';
import type { Verification } from '../../../../runtime/src/archives/manifest.ts';
import { renderStatus } from '../../../../runtime/src/commands/status/text.ts';
import { status } from '../../../../runtime/src/commands/status/status.ts';
import { takeLock } from '../../../../runtime/src/runs/lock.ts';
import { writeArchive } from '../../../../runtime/src/archives/write.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { dayMs } from '../../../../runtime/src/core/units.ts';
import { redisTarget, testApp } from '../../../kit/app.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import { simulateBackup, simulateVerification } from '../../../kit/simulated-runs.ts';
import { entriesOf, streamOf } from '../../../kit/streams.ts';

const now = Date.parse('2024-01-20T12:00:00Z');

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const appOn = (daysAgo: number) =>
  testApp({
    stores: { primary: store, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 }, { rto: '10m' })],
    run: { now: () => new Date(now - daysAgo * dayMs) },
  });

/** An archive whose manifest says that it has so many bytes, and that it was verified so. */
const archive = async (daysAgo: number, archiveBytes: number, verifications: Verification[] = []) => {
  const app = appOn(daysAgo);
  const dump = {
    server: { product: 'Redis', version: '7.0.15', tools: {} },
    entries: entriesOf({ 'dump.rdb': 'data' }),
    fingerprint: () => Promise.resolve({}),
    close: () => Promise.resolve(),
  };
  const { key, manifest } = await writeArchive(app, app.plan.targets[0]!, dump, 'daily');
  await writeManifest(store, key, { ...manifest, archiveBytes, verifications }, app.keys, { replace: true });
};

const at = (day: string) => `2024-01-${day}T08:00:00.000Z`;
const only = async () => (await status(appOn(0)))[0]!;

describe('status', () => {
  test('of a target without archives tells no figures', async () => {
    const row = await only();
    expect(row).toMatchObject({ archives: 0, withinRpo: false, rtoSeconds: 600 });
    for (const absent of ['sizeRatio', 'lastDrill', 'lastRun', 'verifiedAt'])
      expect(row).not.toHaveProperty(absent);
    expect(renderStatus([row])).not.toMatch(/undefined|NaN/);
  });

  test('compares the newest size with the median of the seven before it', async () => {
    for (const [daysAgo, bytes] of [
      [9, 1],
      [8, 90],
      [7, 95],
      [6, 100],
      [5, 100],
      [4, 100],
      [3, 900],
      [2, 105],
    ] as const)
      await archive(daysAgo, bytes);
    await archive(1, 42);
    const row = await only();
    expect(row.sizeRatio).toBe(0.42);
    expect(renderStatus([row])).toContain('-58 %');
  });

  test('tells the last drill against the RTO', async () => {
    await archive(2, 10, [{ at: at('14'), level: 'drill', ok: true, seconds: 30 }]);
    await archive(1, 10, [
      { at: at('19'), level: 'drill', ok: true, seconds: 601 },
      { at: at('20'), level: 'deep', ok: true },
    ]);
    const row = await only();
    expect(row.lastDrill).toEqual({ at: at('19'), ok: true, seconds: 601, withinRto: false });
    expect(renderStatus([row])).toContain('10m 1s of 10m MISSED');
  });

  test('tells a drill that failed', async () => {
    await archive(1, 10, [
      { at: at('12'), level: 'drill', ok: true, seconds: 30 },
      { at: at('19'), level: 'drill', ok: false, problem: 'restore.mismatch' },
    ]);
    const row = await only();
    expect(row.lastDrill).toEqual({ at: at('19'), ok: false, withinRto: false });
    expect(renderStatus([row])).toContain('FAILED 2024-01-19 08:00:00Z');
  });

  test('tells of runs besides the backup, of the lock, and that retention is frozen', async () => {
    await simulateBackup(appOn(3), 'redis', { at: new Date(now - 3 * dayMs) });
    await simulateVerification(appOn(2), 'redis', { at: new Date(now - 2 * dayMs), level: 'deep', failure: 'archive.damaged' }); // prettier-ignore
    await simulateBackup(appOn(1), 'redis', { at: new Date(now - dayMs), failure: 'source.refused' });
    const lock = await takeLock(appOn(0).run, store, 'redis', 'restore');
    const row = await only();
    await lock.release();
    const since = new Date(now).toISOString();
    expect(row.lock).toEqual({ state: 'held', command: 'restore', host: hostname(), since });
    expect(row.frozen).toMatch(/source\.refused/);
    expect(row.lastRuns).toEqual([
      expect.objectContaining({ command: 'backup', ok: false, exitCode: 3, failure: 'source.refused' }),
      expect.objectContaining({ command: 'verify', ok: false, exitCode: 6, failure: 'archive.damaged' }),
    ]);
    const text = renderStatus([row]);
    expect(text).toContain('redis: last verify FAILED archive.damaged 2024-01-18 12:00:00Z');
    expect(text).toContain(`redis: lock taken by restore on ${hostname()} at 2024-01-20 12:00:00Z`);
    expect(text).toContain('redis: retention frozen: ');
    expect(await only()).not.toHaveProperty('lock');
  });

  test('says what is unusual about the newest archive', async () => {
    for (const daysAgo of [7, 6, 5, 4, 3, 2]) await archive(daysAgo, 1_000_000);
    await archive(1, 1000);
    const row = await only();
    expect(row.anomalies).toEqual([expect.stringMatching(/^archive size fell to 1000 B/)]);
    expect(renderStatus([row])).toContain('redis: unusual: archive size fell to 1000 B');
  });

  test('says how a run left its lock', async () => {
    const owner = { host: 'gone', pid: 1, id: 'a', command: 'backup' };
    const startedAt = new Date(now - dayMs).toISOString();
    await store.put('locks/redis/00000001.json', streamOf(JSON.stringify({ owner, startedAt, expiresAt: startedAt }))); // prettier-ignore
    expect(renderStatus([await only()])).toContain(
      'redis: lock expired, taken by backup on gone at 2024-01-19 12:00:00Z: the next run takes it over',
    );
    await store.put('locks/redis/00000002.json', streamOf('{}'));
    expect(renderStatus([await only()])).toContain('redis: lock unreadable: the next run takes it over');
  });
});
