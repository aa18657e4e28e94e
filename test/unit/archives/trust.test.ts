import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { tiersDue } from '../../../runtime/src/retention/decision.ts';
import { writeRun, type RunRecord } from '../../../runtime/src/runs/records.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import { catalogOf } from '../../../runtime/src/archives/of-target.ts';
import { check } from '../../../runtime/src/commands/check/check.ts';
import { samplesOf } from '../../../runtime/src/commands/serve/samples.ts';
import { stateReader } from '../../../runtime/src/health/state.ts';
import { list } from '../../../runtime/src/commands/list/list.ts';
import { candidateOf } from '../../../runtime/src/retention/application.ts';
import { pruneRun } from '../../../runtime/src/commands/prune/prune.ts';
import { findArchive } from '../../../runtime/src/archives/read.ts';
import { replicate } from '../../../runtime/src/archives/replicate.ts';
import { status } from '../../../runtime/src/commands/status/status.ts';
import { metrics } from '../../../runtime/src/contract/metrics.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';
import { openKey, type KeyRing } from '../../../runtime/src/crypto/key-ring.ts';
import { retentionOf } from '../../../runtime/src/plan/parse.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { startDirectory } from '../../conformance/stores/directory.ts';
import type { StoreFixture } from '../../conformance/stores/fixture.ts';
import { redisTarget, testApp, testKeys } from '../../kit/app.ts';
import { listed } from '../../kit/objects.ts';
import { plantGenuine, plants, type Claims } from '../../kit/planted.ts';
import { collect, streamOf } from '../../kit/streams.ts';

const now = Date.parse('2024-03-10T12:00:00Z');

let fixture: StoreFixture;
beforeAll(async () => {
  fixture = await startDirectory();
});
afterAll(() => fixture.stop());

const appOver = (primary: Store, replica: Store): App =>
  testApp({
    stores: { primary, replicas: [replica] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
    run: { now: () => new Date(now) },
  });

const claims = (offsetSeconds: number): fc.Arbitrary<Claims> =>
  fc.record({
    at: fc
      .integer({ min: 1, max: 400 })
      .map((hours) => new Date(now - hours * 7_200_000 + offsetSeconds * 1000)),
    tier: fc.constantFrom('daily', 'daily', 'weekly', 'monthly', 'safety'),
    id: fc.integer({ min: 0, max: 0xffff }).map((number) => number.toString(16).padStart(32, '0')),
    verified: fc.boolean(),
  });

const kinds = Object.keys(plants);

/** What is decided over a store: all that must not depend on what somebody planted in it. */
const decisionsOf = async (app: App) => {
  const { archives } = await catalogOf(app, app.stores.primary, 'redis');
  const due = tiersDue(archives.map(candidateOf), retentionOf(app.plan, app.plan.targets[0]!), new Date(now));
  const [{ setAside: _, ...state }] = (await status(app)) as [Awaited<ReturnType<typeof status>>[number]];
  const numbers = samplesOf({ plan: app.plan, state: await stateReader(app)(), seconds: 0 }).filter(
    ({ metric }) =>
      metric !== metrics.broken && metric !== metrics.withoutKey && !metric.name.includes('store_'),
  );
  return {
    due,
    state,
    newest: await findArchive(app, 'redis', undefined).then(({ key }) => key, String),
    pruned: (await pruneRun(app, 'redis', { dryRun: true, force: false }))
      .map(({ store: __, ...decision }) => decision)
      .toSorted((a, b) => (a.key < b.key ? -1 : 1)),
    numbers: numbers.map(({ metric, labels: { store: __, ...labels }, value }) => [
      metric.name,
      labels,
      value,
    ]),
    listed: (await list(app, 'redis')).filter(({ problem }) => !problem).map(({ archive }) => archive),
    replicated: (await replicate(app, 'redis', app.stores.replicas[0]!)).keys,
    latest: await app.stores.replicas[0]!.resolve('redis/latest_backup.tar.gz.enc'),
  };
};

const replaceStore = (text: string, ...stores: readonly Store[]): string =>
  stores.reduce((left, { location }) => left.replaceAll(location, ''), text);

describe('a store into which somebody put archives', () => {
  test('decides as if they were not there, and names each of them', async () => {
    const planted = fc.tuple(claims(30), fc.constantFrom(...kinds), fc.boolean());
    await fc.assert(
      fc.asyncProperty(
        fc.array(claims(0), { maxLength: 8 }),
        fc.array(planted, { minLength: 1, maxLength: 6 }),
        async (genuine, bad) => {
          const stores = await Promise.all([0, 1, 2, 3].map(() => fixture.open()));
          const [clean, soiled] = [appOver(stores[0]!, stores[1]!), appOver(stores[2]!, stores[3]!)];
          for (const app of [clean, soiled])
            for (const each of genuine) await plantGenuine(app.stores.primary, each);
          const keys = new Map<string, string>();
          for (const [each, kind, inReplica] of bad) {
            const { primary, replicas } = soiled.stores;
            const key = await plants[kind]!(primary, each);
            keys.set(key, kind);
            if (inReplica) await plants[kind]!(replicas[0]!, each);
          }
          const found = (await check(soiled, { repair: false })).findings;
          const [{ setAside }] = (await status(soiled)) as [Awaited<ReturnType<typeof status>>[number]];
          for (const [key, kind] of keys) {
            expect(found).toContainEqual(
              expect.objectContaining({ key, message: expect.stringContaining(kind), severity: 'problem' }),
            );
            expect(setAside).toContainEqual(
              expect.objectContaining({ archive: key, problem: expect.stringContaining(kind) }),
            );
          }
          const [wanted, got] = [await decisionsOf(clean), await decisionsOf(soiled)];
          const text = (decisions: unknown): string => replaceStore(JSON.stringify(decisions), ...stores);
          const withoutAside = (decisions: typeof got) => ({
            ...decisions,
            newest: decisions.newest.replace(/; set aside: .*$/, ''),
          });
          expect(text(withoutAside(got))).toBe(text(withoutAside(wanted)));
        },
      ),
      { numRuns: Number(process.env['TRUST_RUNS'] ?? 12) },
    );
  });

  test.each(kinds)(
    'whose manifest %s, in a replica in the place of a good one: the good one is copied',
    async (kind) => {
      const [primary, replica] = [await fixture.open(), await fixture.open()];
      const app = appOver(primary, replica);
      const good = { at: new Date(now - dayMs), tier: 'daily', id: 'ab'.repeat(16) } as const;
      const key = await plantGenuine(primary, good);
      const planted = await plants[kind]!(replica, good);
      expect((await replicate(app, 'redis', replica)).keys).toEqual([key]);
      const { archives } = await catalogOf(app, replica, 'redis');
      expect(archives.map(({ key: there }) => there)).toEqual([key]);
      expect(planted.startsWith('redis/')).toBe(true);
    },
  );

  test('an alias that somebody moved does not make an older archive the newest', async () => {
    const [primary, replica] = [await fixture.open(), await fixture.open()];
    const app = appOver(primary, replica);
    const [older, newer] = [2, 1].map((days) => ({
      ...{ at: new Date(now - days * dayMs), tier: 'daily', id: String(days).repeat(32) },
    })) as [Claims, Claims];
    const olderKey = await plantGenuine(primary, older);
    const newerKey = await plantGenuine(primary, newer);
    await primary.point('redis/latest_backup.tar.gz.enc', olderKey);
    const alias = `${primary.location}/redis/latest_backup.tar.gz.enc`;
    expect(await findArchive(app, 'redis', alias)).toMatchObject({ key: newerKey });
  });

  test('a gone archive is told of, and does not keep the newer ones from being copied', async () => {
    const [primary, replica] = [await fixture.open(), await fixture.open()];
    const app = appOver(primary, replica);
    const keys: string[] = [];
    for (const days of [3, 2, 1])
      keys.push(
        await plantGenuine(primary, {
          ...{ at: new Date(now - days * dayMs), tier: 'daily', id: String(days).repeat(32) },
        }),
      );
    await primary.remove(keys[0]!);
    expect(await replicate(app, 'redis', replica)).toMatchObject({
      keys: keys.slice(1),
      problems: [expect.stringMatching(`^${keys[0]} could not be copied to `)],
    });
  });
});

describe('records of runs', () => {
  const strangers: KeyRing = [openKey('primary', 'the passphrase of a stranger')];
  const record = (hoursAgo: number, ok: boolean, more: Partial<RunRecord> = {}): RunRecord => ({
    ...{ format: 1, command: 'backup', target: 'redis', environment: 'test' },
    startedAt: new Date(now - hoursAgo * 3_600_000).toISOString(),
    finishedAt: new Date(now - hoursAgo * 3_600_000 + 1000).toISOString(),
    ...{ ok, exitCode: ok ? 0 : 3, figures: {} },
    ...(!ok && { failure: { code: 'source.refused', message: 'no' } }),
    ...more,
  });

  const later = 'runs/redis/20240310_110000_000_backup_000001.json';

  const moved = async (from: Store, prefix: string, store: Store, key: string): Promise<void> => {
    const text = await collect(from.get((await listed(from, prefix))[0]!.key));
    await store.put(key, streamOf(text));
  };

  /** Ways to forge a record after the one true record, which failed; each claims a success. */
  const forgeries: Readonly<Record<string, (store: Store) => Promise<void>>> = {
    'in the clear': (store) => writeRun(store, undefined, record(1, true), '000001'),
    'without a MAC': async (store) => {
      const text = `${JSON.stringify(record(1, true))}\n`;
      await store.put(later, streamOf(text));
    },
    'under another passphrase': (store) => writeRun(store, strangers, record(1, true), '000001'),
    'of the future': (store) => writeRun(store, testKeys, record(-1e5, true), '000001'),
    'of another environment': (store) =>
      writeRun(store, testKeys, record(1, true, { environment: 'prod' }), '000001'),
    'of another target': async (store) => {
      await writeRun(store, testKeys, record(1, true, { target: 'other' }), '000001');
      await moved(store, 'runs/other/', store, later);
    },
    'of an earlier success under a later name': async (store) => {
      const earlier = await fixture.open();
      await writeRun(earlier, testKeys, record(48, true), '000001');
      await moved(earlier, 'runs/', store, later);
    },
  };

  test.each(Object.keys(forgeries))('%s hide no failure, and end no freeze of retention', async (kind) => {
    const [primary, replica] = [await fixture.open(), await fixture.open()];
    const app = appOver(primary, replica);
    for (const days of [100, 90, 80, 1])
      await plantGenuine(primary, {
        ...{ at: new Date(now - days * dayMs), tier: 'daily', id: String(days).padStart(32, '0') },
      });
    await writeRun(primary, testKeys, record(2, false), 'ffffff');
    await forgeries[kind]!(primary);
    expect((await status(app))[0]!.lastRuns).toMatchObject([{ ok: false, failure: 'source.refused' }]);
    const decisions = await pruneRun(app, 'redis', { dryRun: true, force: false });
    expect(decisions.every(({ keep }) => keep)).toBe(true);
    const samples = samplesOf({ plan: app.plan, state: await stateReader(app)(), seconds: 0 });
    expect(samples.find(({ metric }) => metric === metrics.lastRunOk)?.value).toBe(0);
    const { findings } = await check(app, { repair: false });
    expect(findings.filter((each) => each.kind === 'record-unproved')).toHaveLength(1);
  });

  test('of the future, however many, push no true one out', async () => {
    const [primary, replica] = [await fixture.open(), await fixture.open()];
    const app = appOver(primary, replica);
    for (let number = 0; number < 101; number++)
      await primary.put(
        `runs/redis/20990101_000000_${String(number).padStart(3, '0')}_backup_000000.json`,
        streamOf('{}'),
      );
    await writeRun(primary, testKeys, record(2, false), 'ffffff');
    expect((await status(app))[0]!.lastRuns).toMatchObject([{ ok: false }]);
  });
});
