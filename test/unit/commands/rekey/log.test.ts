import { describe, expect, test } from '@jest/globals';
import { rekey } from '../../../../runtime/src/commands/rekey/rekey.ts';
import type { Rekeyed } from '../../../../runtime/src/commands/rekey/result.ts';
import { renderRekeyed } from '../../../../runtime/src/commands/rekey/text.ts';
import { mustExist } from '../../../../runtime/src/core/must-exist.ts';
import { BackupError } from '../../../../runtime/src/core/errors.ts';
import { oneChunk } from '../../../../runtime/src/core/one-chunk.ts';
import { openKey, type KeyRing } from '../../../../runtime/src/crypto/key-ring.ts';
import { postgresql } from '../../../../runtime/src/engines/postgresql/index.ts';
import { underLock } from '../../../../runtime/src/runs/lock.ts';
import type { App } from '../../../../runtime/src/session/app.ts';
import { listed } from '../../../../runtime/src/store/listed.ts';
import { readSmall } from '../../../../runtime/src/store/size-limits.ts';
import type { Store } from '../../../../runtime/src/store/store.ts';
import { factsOf } from '../../../../runtime/src/wal/base-manifest.ts';
import { readBases, verifyBase } from '../../../../runtime/src/wal/bases.ts';
import { compact } from '../../../../runtime/src/wal/compaction.ts';
import { readGap, recordGap } from '../../../../runtime/src/wal/gaps.ts';
import { indexProblems, readIndexed } from '../../../../runtime/src/wal/index-problems.ts';
import { parsePieceKey, pieceKey, rewritingLock } from '../../../../runtime/src/wal/names.ts';
import { putPiece, sealPiece } from '../../../../runtime/src/wal/piece.ts';
import { placeOf } from '../../../../runtime/src/wal/place.ts';
import { openLogReader } from '../../../../runtime/src/wal/reader.ts';
import { listReceptions, putReception, readReception } from '../../../../runtime/src/wal/receptions.ts';
import { readStored } from '../../../../runtime/src/wal/stored.ts';
import { targetWithLog, testApp, testKeys } from '../../../kit/app.ts';
import { beforeEachStore } from '../../../kit/fresh-store.ts';
import {
  simulateBase,
  simulatedSystem as system,
  simulatePiece,
  simulatePromotion,
} from '../../../kit/simulated-log.ts';
import { toyBytes } from '../../../kit/toy-log.ts';

const name = 'postgresql';
const log = mustExist(postgresql.log, 'log');
const second = openKey('second', 'a new passphrase for the archives');
const third = openKey('third', 'a passphrase that is newer still');
const now = new Date();
const hourMs = 3_600_000;
/** Deriving keys is slow on purpose, and much slower on a busy machine. */
const slowMs = 600_000;

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const appWith = (keys: KeyRing, over = store): App => ({
  ...testApp({
    stores: { primary: over, replicas: [] },
    targets: [targetWithLog({ host: '127.0.0.1', port: 1 }, 'grill')],
  }),
  keys,
});
const before = (): App => appWith(testKeys);
const rotated = (over = store): App => appWith([second, ...testKeys], over);
const after = (): App => appWith([second]);

const at = (hours: number): Date => new Date(now.getTime() - hours * hourMs);

/** Where the second timeline takes over; and the end of all log. */
const [switched, end] = [3500n, 5500n];

const expected = Buffer.concat([
  toyBytes(1, 0n, Number(switched)),
  toyBytes(2, switched, Number(end - switched)),
]);

/** Three hours that are over, each a segment with its index, of a timeline that another one took over from; and what else there is. */
const fill = async (app: App): Promise<void> => {
  for (const hour of [0n, 1n, 2n, 3n])
    for (const half of [0n, 500n])
      await simulatePiece(app, name, {
        from: hour * 1000n + half,
        to: hour * 1000n + half + 500n,
        at: at(5 - Number(hour)),
      });
  await simulatePromotion(app, name, switched);
  for (const [from, to] of [
    [3500n, 4500n],
    [4500n, 5000n],
    [5000n, end],
  ] as const)
    await simulatePiece(app, name, { from, to, at: at(0), timeline: 2 });
  const place = placeOf(app, name);
  const newest = (await readStored(place, system)).pieces.find(({ to }) => to === end);
  await compact(app.run, place, mustExist(newest, 'piece'));
  await recordGap(place, { system, timeline: 2, from: end, to: end + 100n }, 'a test', now);
  await simulateBase(app, name, at(6), { start: 0n, end: 10n });
  await simulateBase(app, name, at(4), { start: 1000n, end: 1100n });
  await writeReception('20261129_010000_aaaaaa', { endedAt: now.toISOString(), ended: 'stopped: SIGTERM' });
  await writeReception('20261129_020000_bbbbbb', {});
};

const writeReception = (id: string, more: object, app = before()): Promise<void> =>
  putReception(placeOf(app, name), `wal/${name}/receptions/${id}.json`, {
    format: 1,
    environment: 'test',
    target: name,
    host: 'a-pod',
    startedAt: now.toISOString(),
    events: [],
    pieces: 1,
    logBytes: 1,
    storedBytes: 1,
    ...more,
  });

/** All that any restore to an instant reads of it. */
const prove = async (app: App): Promise<void> => {
  const place = placeOf(app, name);
  const reader = await openLogReader(place, log, { system, timeline: 1, from: 0n });
  const chunks: Buffer[] = [];
  for await (const bytes of reader.read(0n)) chunks.push(bytes);
  expect(Buffer.concat(chunks).equals(expected)).toBe(true);
  const stored = await readIndexed(place, system);
  expect(stored.hours.filter(({ timeline }) => timeline === 1)).toHaveLength(4);
  for (const timeline of [1, 2]) expect(await indexProblems(place, stored, timeline, 0n)).toEqual([]);
  for (const gap of stored.gaps) await readGap(place, gap);
  const { bases, broken } = await readBases(app, app.stores.primary, name);
  expect(broken).toEqual([]);
  expect([...new Set(bases.map(({ manifest }) => factsOf(manifest).start))]).toEqual([0n, 1000n]);
  for (const base of bases) await verifyBase(app, base, 'quick');
};

const keysOf = async (folder: string): Promise<readonly string[]> =>
  (await listed(store, folder)).map(({ key }) => key);
const everything = async (): Promise<readonly string[]> => [
  ...(await keysOf(`wal/${name}/`)),
  ...(await keysOf(`base/${name}/`)),
];

const stretchesOf = (keys: readonly string[]): readonly string[] =>
  keys.flatMap((key) => {
    const piece = parsePieceKey(name, key);
    return piece ? [`${piece.timeline} ${piece.from} ${piece.to}`] : [];
  });

const countsOf = (rows: readonly Rekeyed[]): Readonly<Record<string, number>> =>
  Object.fromEntries(rows.map(({ from, objects = 1, kept }) => [kept ? `${from} kept` : from, objects]));

const run = (app: App, dryRun = false): Promise<readonly Rekeyed[]> => rekey(app, name, { dryRun });

describe('rekey of a log and its bases', () => {
  test(
    'rewrites all of it under the first key, which then proves and opens it alone',
    async () => {
      await fill(before());
      const names = await everything();
      const dry = await run(rotated(), true);
      expect(await everything()).toEqual(names);
      const done = await run(rotated());
      expect(done).toEqual(dry);
      expect(countsOf(done)).toEqual({
        [`wal/${name}/${system}/`]: 1,
        [`wal/${name}/${system}/gaps/`]: 1,
        [`wal/${name}/${system}/00000001/`]: 4 + 4,
        [`wal/${name}/${system}/00000002/`]: 3,
        [`wal/${name}/receptions/`]: 1,
        [`wal/${name}/receptions/ kept`]: 1,
        ...Object.fromEntries(names.filter((key) => /base_[^/]*enc$/.test(key)).map((key) => [key, 1])),
      });
      await prove(after());
      const [first, running] = await listReceptions(placeOf(after(), name));
      expect(await readReception(placeOf(after(), name), first!)).toMatchObject({
        ended: 'stopped: SIGTERM',
      });
      await expect(readReception(placeOf(after(), name), running!)).rejects.toThrow('altered');
      expect(stretchesOf(await everything()).toSorted()).toEqual(stretchesOf(names).toSorted());
      expect(renderRekeyed(done)).toMatch(/8 objects of wal\/postgresql\/7000000000000000001\/00000001\//);
    },
    slowMs,
  );

  test(
    'leaves the record of the receiver that runs, and says to restart it',
    async () => {
      await fill(before());
      await run(rotated());
      const again = await run(rotated());
      expect(again).toEqual([
        expect.objectContaining({
          kept: expect.stringMatching(/^the receiver on a-pod seals under it since .*: restart it/),
        }),
      ]);
      await writeReception('20261129_030000_cccccc', {}, rotated());
      expect(countsOf(await run(rotated()))).toEqual({ [`wal/${name}/receptions/`]: 1 });
      expect(await run(rotated())).toEqual([]);
    },
    slowMs,
  );

  test(
    'killed after any step, it leaves all of the window, and the next one finishes',
    async () => {
      await fill(before());
      const names = await everything();
      const killedAfter = (allowed: number): Store => {
        let steps = 0;
        const counting = async (key: string): Promise<void> => {
          if (/^(wal|base)\//.test(key) && steps++ >= allowed) throw new Error('killed');
        };
        return {
          ...store,
          put: (key, ...args) => counting(key).then(() => store.put(key, ...args)),
          remove: (key) => counting(key).then(() => store.remove(key)),
        };
      };
      let kills = 0;
      for (let isDone = false; !isDone; kills++) {
        isDone = await run(rotated(killedAfter(1 + (kills % 3)))).then(
          () => true,
          (error: Error) => {
            if (error.message !== 'killed') throw error;
            return false;
          },
        );
        await prove(rotated());
      }
      expect(kills).toBeGreaterThan(15); // each one was let do one to three steps more
      await prove(after());
      expect(stretchesOf(await everything()).toSorted()).toEqual(stretchesOf(names).toSorted());
    },
    slowMs,
  );

  test(
    'interrupted again and again, each time before another key, it leaves all of the window',
    async () => {
      await fill(before());
      const [primary] = testKeys;
      let [left, kills] = [0, 0];
      const stopping: Store = {
        ...store,
        put: async (key, ...args) => {
          if (key.endsWith('.index.json') && left-- === 0) throw new Error('killed');
          return store.put(key, ...args);
        },
      };
      for (const [round, key] of [second, third, primary, second, third, primary, second].entries()) {
        left = round % 2;
        const app = appWith([key, ...[primary, second, third].filter((other) => other !== key)], stopping);
        await run(app).catch((error: Error) => {
          if (error.message !== 'killed') throw error;
          kills++;
        });
        await prove(app);
      }
      expect(kills).toBeGreaterThan(2); // not where no index is left to be written
      await run(appWith([third, second, primary]));
      await prove(appWith([third]));
    },
    slowMs,
  );

  test(
    'what is damaged is named, and stays; the rest is rewritten',
    async () => {
      await fill(before());
      const { pieces } = await readStored(placeOf(before(), name), system);
      const key = pieceKey(
        name,
        pieces.find(({ from }) => from === 4500n)!,
      );
      const bytes = await readSmall(store, key, 'piece');
      await store.put(key, () => oneChunk(bytes.fill(bytes[40]! ^ 1, 40, 41)), { replace: true });
      const done = await run(rotated());
      const failed = done.filter((row) => row.failed);
      expect(failed).toEqual([expect.objectContaining({ objects: 1, failed: expect.stringContaining(key) })]);
      expect(await store.head(key)).toBeDefined();
      expect(done.find(({ from }) => from.endsWith('00000002/') && from)).toBeDefined();
      expect((await run(rotated())).filter((row) => row.failed)).toHaveLength(1);
    },
    slowMs,
  );

  test(
    'what Object Lock keeps stays until then, and is said to; the index lists the new one',
    async () => {
      await fill(before());
      const until = new Date(now.getTime() + 24 * hourMs);
      const locked: Store = {
        ...store,
        head: async (key) => {
          const object = await store.head(key);
          return object && /\.wal\.|\.history|^base\//.test(key) ? { ...object, lockedUntil: until } : object;
        },
        remove: async (key) => {
          if (/\.wal\.|\.history|^base\//.test(key))
            throw new BackupError('store.locked', `${key} is locked until ${until.toISOString()}`);
          await store.remove(key);
        },
      };
      const dry = await run(rotated(locked), true);
      const done = await run(rotated(locked));
      const keptOf = (rows: readonly Rekeyed[]) =>
        rows.filter(({ kept }) => kept?.includes(until.toISOString())).map(({ objects = 1 }) => objects);
      expect(keptOf(done).toSorted()).toEqual([1, 1, 1, 3, 4]);
      expect(keptOf(dry).toSorted()).toEqual(keptOf(done).toSorted());
      const names = await everything();
      expect(keptOf(await run(rotated(locked))).toSorted()).toEqual([1, 1, 1, 3, 4]);
      expect(await everything()).toEqual(names); // it writes none anew
      await prove(rotated(locked));
      await run(rotated()); // the locks have ended
      await prove(after());
    },
    slowMs,
  );

  test(
    'pieces that segments hold are not stored again, and go',
    async () => {
      const place = placeOf(before(), name);
      await fill(before());
      const left = await sealPiece(
        place,
        { system, timeline: 1, from: 100n, to: 300n, time: at(5).getTime() },
        toyBytes(1, 100n, 200),
      );
      await putPiece(place, left);
      await run(rotated());
      expect(stretchesOf(await everything())).not.toContain('1 100 300');
      await prove(after());
    },
    slowMs,
  );

  test(
    'waits for no compaction, and none works meanwhile',
    async () => {
      await fill(before());
      const app = rotated();
      const lock = { store, name: rewritingLock(name), command: 'receive' };
      await underLock(app.run, lock, async () => {
        await expect(run(app)).rejects.toMatchObject({ code: 'lock.held' });
      });
    },
    slowMs,
  );
});
