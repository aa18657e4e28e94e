import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readCatalog } from '../../../../runtime/src/archives/catalogue.ts';
import { manifestKey } from '../../../../runtime/src/archives/layout.ts';
import { replicate } from '../../../../runtime/src/archives/replicate.ts';
import type { App } from '../../../../runtime/src/session/app.ts';
import { samplesOf } from '../../../../runtime/src/commands/serve/samples.ts';
import { stateReader } from '../../../../runtime/src/health/state.ts';
import { metrics, type MetricId } from '../../../../runtime/src/contract/metrics.ts';
import { openKey } from '../../../../runtime/src/crypto/key-ring.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { dayMs } from '../../../../runtime/src/core/units.ts';
import { startDirectory } from '../../../conformance/stores/directory.ts';
import type { StoreFixture } from '../../../conformance/stores/fixture.ts';
import { redisTarget, testApp } from '../../../kit/app.ts';
import { noting } from '../../../kit/indexes.ts';
import { simulateBackup, simulateVerification } from '../../../kit/simulated-runs.ts';
import { collect } from '../../../kit/streams.ts';

const now = Date.parse('2024-03-10T12:00:00Z');
const ago = (days: number): Date => new Date(now - days * dayMs);

let fixture: StoreFixture;
let store: Store;
let replica: Store;
beforeAll(async () => {
  fixture = await startDirectory();
});
afterAll(() => fixture.stop());
beforeEach(async () => {
  store = await fixture.open();
  replica = await fixture.open();
});

const appOver = (primary = store, replicas: readonly Store[] = []): App =>
  testApp({
    stores: { primary, replicas },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 }, { rto: '10m' })],
    run: { now: () => new Date(now) },
  });

const measured = async (app: App) =>
  samplesOf({ plan: app.plan, state: await stateReader(app)(), seconds: 0.5 });

/** Values of a metric by its labels but `target`. */
const valuesOf = async (app: App, id: MetricId): Promise<Record<string, number>> => {
  const samples = (await measured(app)).filter(({ metric }) => metric === metrics[id]);
  return Object.fromEntries(
    samples.map(({ labels: { target: _, ...labels }, value }) => [Object.values(labels).join(' '), value]),
  );
};

const seconds = (time: Date): number => time.getTime() / 1000;

describe('metrics of a target', () => {
  test('without any run are its objectives, and nothing that is not known', async () => {
    const app = appOver();
    const ids = (await measured(app))
      .filter(({ labels }) => labels['target'])
      .map(({ metric }) => metric.name);
    expect(new Set(ids)).toEqual(
      new Set(
        (
          ['targetInfo', 'rpo', 'rto', 'nextRunAt', 'anomalies', 'archives', 'tierBytes', 'withoutKey', 'broken', 'retentionFrozen'] as const
        ).map((id) => metrics[id].name),
      ),
    ); // prettier-ignore
    expect(await valuesOf(app, 'rto')).toEqual({ '': 600 });
    expect(await valuesOf(app, 'nextRunAt')).toEqual({ '': Date.parse('2024-03-11T02:00:00Z') / 1000 });
  });

  test('tell the newest archive and how it compares', async () => {
    const app = appOver();
    for (const days of [4, 3, 2]) await simulateBackup(app, 'redis', { at: ago(days) });
    await simulateBackup(app, 'redis', { at: ago(1), bytes: 1024, seconds: 90, keys: 7 });
    expect(await valuesOf(app, 'recoveryPoint')).toEqual({ '': seconds(ago(1)) });
    expect(await valuesOf(app, 'newestFinishedAt')).toEqual({ '': seconds(ago(1)) + 90 });
    expect(await valuesOf(app, 'duration')).toEqual({ '': 90 });
    expect(await valuesOf(app, 'items')).toEqual({ keys: 7 });
    expect((await valuesOf(app, 'sizeRatio'))['']).toBeLessThan(0.5);
    expect(await valuesOf(app, 'archives')).toEqual({
      daily: 4,
      hourly: 0,
      weekly: 0,
      monthly: 0,
      safety: 0,
    });
    expect(await valuesOf(app, 'tierOldest')).toEqual({ daily: seconds(ago(4)) });
    const key = (await readCatalog(store, 'redis')).archives.at(-1)!.key;
    expect(await valuesOf(app, 'newestInfo')).toEqual({ [`${key} primary 7.0.15`]: 1 });
  });

  test('tell the last run of each command, its exit code, and that retention waits', async () => {
    const app = appOver();
    await simulateBackup(app, 'redis', { at: ago(2) });
    expect(await valuesOf(app, 'retentionFrozen')).toEqual({ '': 0 });
    await simulateBackup(app, 'redis', { at: ago(1), failure: 'source.refused', seconds: 5 });
    await simulateVerification(app, 'redis', { at: ago(0.9), level: 'deep' });
    expect(await valuesOf(app, 'lastRunOk')).toEqual({ backup: 0, verify: 1 });
    expect(await valuesOf(app, 'lastRunExitCode')).toEqual({ backup: 3, verify: 0 });
    expect(await valuesOf(app, 'lastRunDuration')).toEqual({ backup: 5, verify: 30 });
    expect(await valuesOf(app, 'retentionFrozen')).toEqual({ '': 1 });
    expect(await valuesOf(app, 'newestFinishedAt')).toEqual({ '': seconds(ago(2)) + 60 });
  });

  test('are not changed by a run that another one kept from starting', async () => {
    const app = appOver();
    await simulateBackup(app, 'redis', { at: ago(2) });
    await simulateBackup(app, 'redis', { at: ago(1), failure: 'lock.held' });
    expect(await valuesOf(app, 'lastRunOk')).toEqual({ backup: 1 });
    expect(await valuesOf(app, 'retentionFrozen')).toEqual({ '': 0 });
  });

  test('tell drills apart from verifications, also those that could not run', async () => {
    const app = appOver();
    await simulateBackup(app, 'redis', { at: ago(3) });
    await simulateVerification(app, 'redis', { at: ago(2), level: 'drill', seconds: 42 });
    expect(await valuesOf(app, 'lastDrillOk')).toEqual({ '': 1 });
    await simulateVerification(app, 'redis', { at: ago(1), level: 'drill', failure: 'drill.unavailable' });
    expect(await valuesOf(app, 'lastRunOk')).toEqual({ backup: 1, drill: 0 });
    expect(await valuesOf(app, 'lastDrillOk')).toEqual({ '': 0 });
    expect(await valuesOf(app, 'measuredRto')).toEqual({ '': 42 });
    expect((await valuesOf(app, 'lastGoodDrillAt'))['']).toBeLessThan(
      (await valuesOf(app, 'lastDrillAt'))['']!,
    );
    expect(await valuesOf(app, 'verifiedPoint')).toEqual({ '': seconds(ago(3)) });
  });
});

describe('what cannot be believed', () => {
  test('a manifest that somebody altered does not count, the one before it does', async () => {
    const app = appOver();
    for (const days of [2, 1]) await simulateBackup(app, 'redis', { at: ago(days) });
    const { key } = (await readCatalog(store, 'redis')).archives.at(-1)!;
    const text = (await collect(store.get(manifestKey(key)))).toString();
    const forged = text.replaceAll('2024-03-09', '2024-03-10');
    await store.put(manifestKey(key), () => (async function* () { yield Buffer.from(forged); })(), { replace: true }); // prettier-ignore
    expect(await valuesOf(app, 'recoveryPoint')).toEqual({ '': seconds(ago(2)) });
    expect(await valuesOf(app, 'broken')).toEqual({ '': 1 });
    expect(await valuesOf(app, 'archives')).toMatchObject({ daily: 1 });
  });

  test('a manifest that is cut counts as broken', async () => {
    const app = appOver();
    await simulateBackup(app, 'redis', { at: ago(1) });
    await store.put('redis/redis_20240310_000000.tar.gz.enc.manifest.json', async function* () {
      yield Buffer.from('{');
    });
    expect(await valuesOf(app, 'broken')).toEqual({ '': 1 });
    expect(await valuesOf(app, 'recoveryPoint')).toEqual({ '': seconds(ago(1)) });
  });

  test.each([
    ['another passphrase under the same id', 'primary'],
    ['a key that the plan does not name', 'second'],
  ])('archives of %s are without key', async (_, id) => {
    const app = appOver();
    for (const days of [2, 1]) await simulateBackup(app, 'redis', { at: ago(days) });
    const changed = { ...app, keys: [openKey(id, 'another horse battery staple')] } as const;
    expect(await valuesOf(changed, 'withoutKey')).toEqual({ '': 2 });
    expect(await valuesOf(changed, 'broken')).toEqual({ '': 0 });
    expect(await valuesOf(changed, 'recoveryPoint')).toEqual({});
  });
});

describe('metrics of stores', () => {
  test('tell space, what archives take, and when it ends', async () => {
    const limited: Store = {
      ...store,
      space: () => Promise.resolve({ freeBytes: 30_000, totalBytes: 99_000 }),
    };
    const app = appOver(limited);
    for (const days of [6, 5, 4, 3, 2, 1]) await simulateBackup(app, 'redis', { at: ago(days) });
    expect(Object.values(await valuesOf(app, 'storeFreeBytes'))).toEqual([30_000]);
    expect(Object.values(await valuesOf(app, 'storeSizeBytes'))).toEqual([99_000]);
    const archives = (await readCatalog(store, 'redis')).archives.map(
      ({ signed }) => signed.manifest.archiveBytes,
    );
    expect(Object.values(await valuesOf(app, 'storeBytes'))).toEqual([archives.reduce((a, b) => a + b)]);
    const [full] = Object.values(await valuesOf(app, 'storeFullSeconds'));
    expect(full! / 86_400).toBeGreaterThan(3);
    expect(full! / 86_400).toBeLessThan(9);
  });

  test('tell how far a replica is behind, and that one is away', async () => {
    const app = appOver(store, [replica]);
    await simulateBackup(app, 'redis', { at: ago(2) });
    await replicate(app, 'redis', replica);
    await simulateBackup(app, 'redis', { at: ago(1) });
    expect(await valuesOf(app, 'replicaMissing')).toEqual({ [replica.location]: 1 });
    expect(await valuesOf(app, 'replicaPoint')).toEqual({ [replica.location]: seconds(ago(2)) });
    const away: Store = {
      ...replica,
      list: async function* () {
        throw new Error('connection refused');
      },
    };
    expect(await valuesOf(appOver(store, [away]), 'storeUp')).toEqual({
      [store.location]: 1,
      [replica.location]: 0,
    });
  });

  test('compare a replica with what is known of the primary store, which is read once', async () => {
    const [alone, compared]: [string[], string[]] = [[], []];
    for (const days of [2, 1]) await simulateBackup(appOver(), 'redis', { at: ago(days) });
    await replicate(appOver(), 'redis', replica);
    await measured(appOver(noting(store, alone)));
    await measured(appOver(noting(store, compared), [replica]));
    expect(alone).not.toEqual([]);
    expect(compared.toSorted()).toEqual(alone.toSorted());
  });
});

test('reading again reads only what is new', async () => {
  const gets: string[] = [];
  const counting: Store = {
    ...store,
    get: (key, start) => {
      gets.push(key);
      return store.get(key, start);
    },
  };
  const app = appOver(counting);
  for (const days of [5, 4, 3, 2]) await simulateBackup(app, 'redis', { at: ago(days) });
  const read = stateReader(app);
  await read();
  gets.length = 0;
  await read();
  expect(gets).toEqual([]);
  await simulateBackup(app, 'redis', { at: ago(1) });
  gets.length = 0;
  expect((await read()).targets[0]!.backups).toBe(5);
  // the index, which knows the record of the run, the manifest of the new archive, and the lock
  expect(gets.map((key) => key.split('/')[0]).toSorted()).toEqual(['locks', 'redis', 'redis']);
});
