import { afterAll, beforeEach, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { manifestKey } from '../../../runtime/src/archives/layout.ts';
import { decodeManifest } from '../../../runtime/src/archives/manifest.ts';
import { partKey, partsFolder, sealedOf } from '../../../runtime/src/archives/parts/keys.ts';
import { pruneParts } from '../../../runtime/src/archives/parts/prune.ts';
import { removeArchive } from '../../../runtime/src/archives/remove.ts';
import { replicate } from '../../../runtime/src/archives/replicate.ts';
import { isManifest } from '../../../runtime/src/archives/layout.ts';
import { listed } from '../../../runtime/src/store/listed.ts';
import { directoryStore } from '../../../runtime/src/store/directory.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { backUpParts, type Database } from '../../kit/parted.ts';
import { removeFolder } from '../../kit/private-server.ts';
import { collect, streamOf } from '../../kit/streams.ts';

/** Stores in memory, where there is such a folder: histories write thousands of files, and each is synced. */
const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'grill-parts-'));
afterAll(() => removeFolder(folder));
const open = () => directoryStore({ path: mkdtempSync(join(folder, 'store-')) });

let primary: Store;
let replica: Store;
beforeEach(() => {
  [primary, replica] = [open(), open()];
});

const hourMs = 3_600_000;

/** A run, whose stores fail for good after so many changes: as a process that is killed there. */
const killedAfter = (store: Store, left: { changes: number }): Store => {
  const alive = (): void => {
    if (left.changes-- <= 0) throw new Error('killed');
  };
  return {
    ...store,
    put: async (...args) => (alive(), store.put(...args)),
    remove: async (key) => (alive(), store.remove(key)),
  };
};

class World {
  readonly stores: readonly Store[];
  hours = 0;
  database: Database = new Map();

  constructor(stores: readonly Store[]) {
    this.stores = stores;
  }

  app(changes = Infinity): App {
    const left = { changes };
    const [first, ...replicas] = this.stores.map((store) => killedAfter(store, left));
    const begun = Date.UTC(2024, 0, 1) + this.hours * hourMs;
    return testApp({
      stores: { primary: first!, replicas },
      targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
      plan: { encryption: { enabled: false }, compression: { algorithm: 'zstd' } }, // by no program of its own
      run: { now: () => new Date(begun) },
    });
  }

  clear(app: App): App {
    return { ...app, keys: undefined };
  }

  /** Every archive of every store has all of its parts there. */
  async check(): Promise<void> {
    for (const store of this.stores) {
      const there = new Set((await listed(store, partsFolder('redis'))).map(({ key }) => key));
      for (const { key } of await listed(store, 'redis/')) {
        if (!isManifest(key)) continue;
        const { manifest } = decodeManifest((await collect(store.get(key))).toString('utf8'), key);
        for (const part of sealedOf(manifest)) expect(there).toContain(partKey('redis', part));
      }
    }
  }

  async archives(store: Store): Promise<readonly string[]> {
    return (await listed(store, 'redis/'))
      .filter(({ key }) => key.endsWith('.tar.zst'))
      .map(({ key }) => key);
  }
}

const orKilled = async (work: Promise<unknown>): Promise<void> => {
  await work.catch((error: Error) => {
    if (error.message !== 'killed') throw error;
  });
};

/** A step of a history; numbers choose among what is there. */
const step = fc.oneof(
  fc.record({
    kind: fc.constant('backup' as const),
    part: fc.nat(5),
    content: fc.nat(3),
    changes: fc.nat(30),
  }),
  fc.record({ kind: fc.constant('replicate' as const), changes: fc.nat(20) }),
  fc.record({ kind: fc.constant('remove' as const), store: fc.nat(1), which: fc.nat(9), changes: fc.nat(4) }),
  fc.record({ kind: fc.constant('prune' as const), changes: fc.nat(12) }),
  fc.record({ kind: fc.constant('wait' as const), hours: fc.nat(30) }),
  fc.record({ kind: fc.constant('freeze' as const), part: fc.nat(5), content: fc.nat(3) }),
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

/** A backup that stops before its manifest for as long as the given work takes, without its lock. */
const frozen = (app: App, database: Database, meanwhile: () => Promise<void>): Promise<unknown> => {
  const { primary: store } = app.stores;
  const put: Store['put'] = async (key, ...rest) => {
    if (isManifest(key)) await meanwhile();
    return store.put(key, ...rest);
  };
  return backUpParts({ ...app, stores: { ...app.stores, primary: { ...store, put } } }, database);
};

const play = async (world: World, steps: readonly Step[]): Promise<void> => {
  for (const [index, each] of steps.entries()) {
    world.hours++;
    const app = (changes?: number) => world.clear(world.app(changes));
    if (each.kind === 'backup' || each.kind === 'freeze')
      world.database = new Map([...world.database, [`parts/${each.part}`, `${each.content}`]]);
    if (each.kind === 'backup') await orKilled(backUpParts(app(each.changes), world.database));
    else if (each.kind === 'replicate')
      await orKilled(replicate(app(each.changes), 'redis', app(each.changes).stores.replicas[0]!));
    else if (each.kind === 'prune') await orKilled(pruneParts(app(each.changes), 'redis'));
    else if (each.kind === 'wait') world.hours += each.hours;
    else if (each.kind === 'remove') {
      const store = world.stores[each.store]!;
      const keys = await world.archives(store);
      const key = keys[each.which % Math.max(1, keys.length)];
      if (key) await orKilled(removeArchive(app(), killedAfter(store, { changes: each.changes }), key));
    } else {
      // what others may do in the day before its deadline, at most
      const rest = steps
        .slice(index + 1, index + 4)
        .filter(({ kind }) => kind !== 'freeze' && kind !== 'wait');
      await frozen(app(), world.database, async () => {
        for (const store of world.stores)
          for (const key of await world.archives(store)) await removeArchive(app(), store, key);
        await pruneParts(app(), 'redis');
        world.hours += 20;
        await play(world, rest);
        await pruneParts(world.clear(world.app()), 'redis');
      }).catch(() => {}); // it may find that a part is gone: then nothing is committed
    }
    await world.check();
  }
};

test('no prune removes a part that an archive needs, whatever happened before and meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 12 }), async (steps) => {
      const world = new World([open(), open()]);
      await play(world, steps);
      for (const hours of [0, 25, 1]) {
        world.hours += hours;
        await pruneParts(world.clear(world.app()), 'redis');
        await world.check();
      }
    }),
    { numRuns: Number(process.env['PARTS_HISTORIES'] ?? 5) },
  );
}, 600_000);

const cleared = (hours: number): App => {
  const world = new World([primary, replica]);
  world.hours = hours;
  return world.clear(world.app());
};

const partsIn = async (store: Store) =>
  (await listed(store, partsFolder('redis'))).map(({ key }) => key).filter((key) => !key.endsWith('.json'));

test('a part goes a day after the last archive that named it', async () => {
  const { key } = await backUpParts(cleared(0), new Map([['parts/a', 'old']]));
  const kept = await backUpParts(cleared(1), new Map([['parts/a', 'new']]));
  await removeArchive(cleared(2), primary, key);
  await pruneParts(cleared(2), 'redis');
  await pruneParts(cleared(25), 'redis');
  expect(await partsIn(primary)).toHaveLength(4);
  await pruneParts(cleared(27), 'redis');
  expect(await partsIn(primary)).toEqual(
    sealedOf(kept.manifest)
      .map((part) => partKey('redis', part))
      .toSorted(),
  );
});

test('is told: what goes, and what waits; a dry run tells it and changes nothing', async () => {
  const { key } = await backUpParts(cleared(0), new Map([['parts/a', 'old']]));
  await backUpParts(cleared(1), new Map([['parts/a', 'new']]));
  await removeArchive(cleared(2), primary, key);
  const about = { target: 'redis', store: primary.location, key: 'parts/redis/', objects: 2 };
  const waiting = [{ ...about, keep: true, reason: expect.stringContaining('no archive names') }];
  const going = [{ ...about, keep: false, reason: 'parts that no archive has named for a day' }];
  expect(await pruneParts(cleared(2), 'redis', { dryRun: true })).toEqual(waiting);
  expect(await pruneParts(cleared(2), 'redis')).toEqual(waiting);
  expect(await pruneParts(cleared(27), 'redis', { dryRun: true })).toEqual(going);
  expect(await partsIn(primary)).toHaveLength(4);
  expect(await pruneParts(cleared(27), 'redis')).toEqual(going);
  expect(await partsIn(primary)).toHaveLength(2);
});

test('nothing goes while a manifest cannot be read', async () => {
  const { key } = await backUpParts(cleared(0), new Map([['parts/a', 'old']]));
  await primary.put(manifestKey(key), streamOf('{ cut'), { replace: true });
  for (const hours of [1, 30, 60]) await pruneParts(cleared(hours), 'redis');
  expect(await partsIn(primary)).toHaveLength(2);
});

test('marks of somebody else count as none', async () => {
  const { key } = await backUpParts(cleared(0), new Map([['parts/a', 'old']]));
  await removeArchive(cleared(1), primary, key);
  const marks = (await partsIn(primary)).map((part) => [part, '2023-01-01T00:00:00.000Z']);
  const forged = {
    format: 1,
    environment: 'test',
    target: 'redis',
    store: primary.location,
    parts: marks,
    mac: '0'.repeat(64),
  };
  await primary.put('parts/redis/unreferenced.json', streamOf(JSON.stringify(forged)), { replace: true });
  await pruneParts(cleared(1), 'redis');
  expect(await partsIn(primary)).toHaveLength(2);
});
