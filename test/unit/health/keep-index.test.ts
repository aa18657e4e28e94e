import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { writeManifest } from '../../../runtime/src/archives/catalogue.ts';
import { archiveOf, indexKey, isManifest, manifestKey } from '../../../runtime/src/archives/layout.ts';
import { catalogOf } from '../../../runtime/src/archives/of-target.ts';
import { list } from '../../../runtime/src/commands/list/list.ts';
import { pruneTargets } from '../../../runtime/src/commands/prune/prune.ts';
import { samplesOf } from '../../../runtime/src/commands/serve/samples.ts';
import { status } from '../../../runtime/src/commands/status/status.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';
import { openKey } from '../../../runtime/src/crypto/key-ring.ts';
import { keepIndexes } from '../../../runtime/src/health/keep-index.ts';
import { stateReader } from '../../../runtime/src/health/state.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { testKeys } from '../../kit/app.ts';
import { enactEvents } from '../../kit/enact.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { history, type Event } from '../../kit/histories.ts';
import { noting, putIndexBytes, readIndexBytes, tamperings, withoutIndex } from '../../kit/indexes.ts';
import { listed } from '../../kit/objects.ts';
import { plantGenuine } from '../../kit/planted.ts';
import { simulateBackup } from '../../kit/simulated-runs.ts';
import { appOver, backUpDaysAgo } from '../../kit/simulated-target.ts';
import { collect, streamOf } from '../../kit/streams.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const appAt = (time: Date): App => {
  const app = appOver(store);
  return { ...app, run: { ...app.run, now: () => time } };
};

type Read = ReturnType<typeof stateReader>;

const answers = async (app: App, read: Read = stateReader(app)) => [
  await status(app),
  await list(app),
  await pruneTargets(app, undefined, { dryRun: true, force: false }),
  samplesOf({ plan: app.plan, state: await read(), seconds: 0 }),
];

/** What the exporter found out before counts for a store that is full soon, so that forecasts are compared, too. */
const full = { space: () => Promise.resolve({ freeBytes: 300, totalBytes: 1000 }) };

const manifestsIn = async (): Promise<readonly string[]> =>
  (await listed(store, 'redis/')).map(({ key }) => key).filter(isManifest);

/** What a run, or somebody who can write to the store, does to one of the manifests. */
const changes: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
  'is removed': (key) => Promise.all([store.remove(key), store.remove(archiveOf(key))]),
  'is lost alone': (key) => store.remove(key),
  'is verified': async (key) => {
    const { archives } = await catalogOf(appOver(store), store, 'redis');
    const found = archives.find((each) => each.key === archiveOf(key));
    if (!found) return;
    const entry = { at: new Date().toISOString(), level: 'deep', ok: true } as const;
    const verifications = [...found.manifest.verifications, entry];
    await writeManifest(store, found.key, { ...found.manifest, verifications }, testKeys, { replace: true });
  },
  'is altered': async (key) => {
    const text = (await collect(store.get(key))).toString().replace('"keys": 7', '"keys": 8');
    await store.put(key, streamOf(text), { replace: true });
  },
};

const step = fc.oneof(
  { weight: 2, arbitrary: history.map(({ events }) => ({ events: events.slice(0, 3) })) },
  { weight: 3, arbitrary: fc.record({ change: fc.constantFrom(...Object.keys(changes)), at: fc.nat(99) }) },
  { weight: 3, arbitrary: fc.constant({ run: true }) },
  { weight: 2, arbitrary: fc.record({ tamper: fc.constantFrom(...Object.keys(tamperings)), at: fc.nat() }) },
  { weight: 1, arbitrary: fc.constant({ older: true }) },
  { weight: 1, arbitrary: fc.record({ clock: fc.integer({ min: -48, max: 48 }) }) },
);

/** Sequences that are played. @default 15 - a sample for CI; INDEX_HISTORIES=500 is the whole of it */
const count = Number(process.env['INDEX_HISTORIES'] ?? 15);

test(
  'whatever happens to archives, runs and the index, all answers are those of who reads every manifest',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 2, maxLength: 9 }), async (steps) => {
        for (const { key } of await listed(store, '')) await store.remove(key);
        const begin = new Date();
        let now = begin;
        const clocked = (primary: Store): App => {
          const app = appAt(begin);
          const stores = { primary: { ...primary, ...full }, replicas: [] };
          return { ...app, stores, run: { ...app.run, now: () => now } };
        };
        const [app, slow] = [clocked(store), clocked(withoutIndex(store))];
        const lasting = stateReader(app);
        let older: Buffer = Buffer.alloc(0);
        for (const [index, each] of steps.entries()) {
          if ('run' in each) {
            older = (await readIndexBytes(store)) ?? older;
            await keepIndexes(app, 'redis');
          }
          if ('older' in each) await putIndexBytes(store, older);
          if ('tamper' in each) await tamperings[each.tamper]!(store, each.at);
          if ('change' in each) {
            const keys = await manifestsIn();
            if (keys.length > 0) await changes[each.change]!(keys[each.at % keys.length]!);
          }
          if ('events' in each) {
            const apart = each.events.map((event): Event => ({
              ...event,
              late: false,
              ago: event.ago + index,
            }));
            await enactEvents(store, apart, false, begin, begin).catch(() => {}); // the name may be taken
          }
          if ('clock' in each) now = new Date(now.getTime() + each.clock * 3_600_000);
          const wanted = await answers(slow);
          expect(await answers(app)).toEqual(wanted);
          expect(await answers(app, lasting)).toEqual(wanted);
        }
      }),
      { numRuns: count },
    );
  },
  10 * 60_000,
);

/** Keys of manifests and records that a reading takes. */
const readBy = async (look: (app: App) => Promise<unknown>): Promise<readonly string[]> => {
  const gets: string[] = [];
  const app = appOver(noting(store, gets));
  await look(app);
  return gets.filter((key) => isManifest(key) || key.startsWith('runs/'));
};

const plantDays = async (...days: readonly number[]): Promise<readonly string[]> => {
  const keys: string[] = [];
  for (const day of days)
    keys.push(
      await plantGenuine(store, {
        at: new Date(Date.now() - day * dayMs),
        tier: 'daily',
        id: String(day).padStart(32, '0'),
      }),
    );
  return keys;
};

test('with an index, the newest manifest alone is read, and what changed since', async () => {
  const keys = await plantDays(40, 5, 4, 3, 2);
  await keepIndexes(appOver(store), 'redis');
  const newest = manifestKey(keys.at(-1)!);
  for (const look of [status, list, (app: App) => pruneTargets(app, 'redis', { dryRun: true, force: false })])
    expect(await readBy(look)).toEqual([newest]);
  await changes['is verified']!(manifestKey(keys[1]!));
  expect(await readBy(list)).toEqual([manifestKey(keys[1]!), newest]);
});

test('status and prune ask a store as often for many archives and runs as for few', async () => {
  const asked: string[] = [];
  const counting: Store = {
    ...noting(store, asked),
    list: (prefix, options) => (asked.push(prefix), store.list(prefix, options)),
  };
  const requests = async (): Promise<readonly number[]> => {
    const counts: number[] = [];
    for (const look of [status, (app: App) => pruneTargets(app, 'redis', { dryRun: true, force: false })]) {
      asked.length = 0;
      await look(appOver(counting));
      counts.push(asked.length);
    }
    return counts;
  };
  await backUpDaysAgo(appOver(store), 3, 2);
  // listings of archives, runs and locks; index, newest manifest and lock. Retention asks for no lock, and lists parts
  expect(await requests()).toEqual([6, 6]);
  await backUpDaysAgo(appOver(store), 1.9, 1.8, 1.7, 1.6, 1.5);
  expect(await requests()).toEqual([6, 6]);
});

test('a reading of the exporter after the first asks for listings, and reads what changed', async () => {
  await backUpDaysAgo(appOver(store), 3, 2);
  const gets: string[] = [];
  const read = stateReader(appOver(noting(store, gets)));
  await read();
  gets.length = 0;
  await read();
  expect(gets).toEqual([]);
  await backUpDaysAgo(appOver(store), 1);
  await read();
  expect(gets).not.toEqual([]);
});

test('where the newest was altered and its index is from before, it does not count', async () => {
  const keys = await plantDays(3, 2);
  await keepIndexes(appOver(store), 'redis');
  const known = await store.head(manifestKey(keys[1]!));
  await changes['is altered']!(manifestKey(keys[1]!));
  // a store that says that nothing changed
  const lying: Store = {
    ...store,
    list: async function* (prefix) {
      yield (await listed(store, prefix)).map((each) => (each.key === known!.key ? known! : each));
    },
  };
  const [row] = await status(appOver(lying));
  expect(row).toMatchObject({ archives: 1, newest: keys[0], setAside: [{ code: 'manifest.damaged' }] });
});

test('a backup, and only one write, leaves an index that knows its archive and its record', async () => {
  await backUpDaysAgo(appOver(store), 3, 2);
  const puts: string[] = [];
  const counting: Store = { ...store, put: (...args) => (puts.push(args[0]), store.put(...args)) };
  await simulateBackup(appOver(counting), 'redis', { at: new Date(Date.now() - dayMs) });
  expect(puts.filter((key) => key === indexKey('redis'))).toHaveLength(1);
  expect(await readBy(status)).toHaveLength(1);
});

test('a run that changed nothing writes no index again', async () => {
  await plantDays(3, 2);
  const app = appOver(store);
  await keepIndexes(app, 'redis');
  const before = await store.head(indexKey('redis'));
  await keepIndexes(app, 'redis');
  expect(await store.head(indexKey('redis'))).toEqual(before);
});

test('an index that cannot be written is a warning, and the backup stands', async () => {
  const refusing: Store = {
    ...store,
    put: (...args) =>
      args[0].endsWith('.index') ? Promise.reject(new Error('refused')) : store.put(...args),
  };
  await simulateBackup(appOver(refusing), 'redis', { at: new Date(Date.now() - dayMs) });
  expect(await store.head(indexKey('redis'))).toBeUndefined();
  expect(await list(appOver(store))).toHaveLength(1);
});

test('what a key authenticated that has left the plan is read again, and does not count', async () => {
  const [next, old] = [openKey('next', 'the next passphrase of the plan'), testKeys[0]];
  await plantDays(3, 2);
  await keepIndexes(appOver(store, [next, old]), 'redis');
  expect((await list(appOver(store, [next, old]))).filter(({ problem }) => problem)).toEqual([]);
  expect((await list(appOver(store, [next]))).filter(({ problem }) => problem)).toHaveLength(2);
});

test('a first backup that fails leaves no index', async () => {
  await simulateBackup(appOver(store), 'redis', { at: new Date(), failure: 'source.refused' });
  expect(await listed(store, 'redis/')).toEqual([]);
});

test('a plan without encryption keeps no index', async () => {
  await plantDays(3);
  await keepIndexes({ ...appOver(store), keys: undefined }, 'redis');
  expect(await store.head(indexKey('redis'))).toBeUndefined();
});
