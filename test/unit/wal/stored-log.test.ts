import { beforeAll, describe, expect, test } from '@jest/globals';
import { oneChunk } from '../../../runtime/src/core/one-chunk.ts';
import { readSmall } from '../../../runtime/src/store/size-limits.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { compact } from '../../../runtime/src/wal/compaction.ts';
import { readIndex } from '../../../runtime/src/wal/index-chain.ts';
import { parsePieceKey, pieceKey, type PieceName } from '../../../runtime/src/wal/names.ts';
import { putPiece, readPiece, sealPiece } from '../../../runtime/src/wal/piece.ts';
import type { LogPlace } from '../../../runtime/src/wal/place.ts';
import { readStored } from '../../../runtime/src/wal/stored.ts';
import { openKey } from '../../../runtime/src/crypto/key-ring.ts';
import { testKeys } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { readBack, toyPlace } from '../../kit/received.ts';
import { testRun } from '../../kit/run.ts';
import { toyServer } from '../../kit/toy-log.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const server = toyServer();
const { system } = server;
const MiB = 1n << 20n;
const ten = Date.parse('2026-11-29T10:00:00Z');
const hourMs = 3_600_000;

const longest = 24n * MiB;
let log: Buffer;

beforeAll(() => {
  server.write(Number(longest));
  log = server.bytes(0n, longest);
});

const logOf = (from: bigint, to: bigint): Buffer => log.subarray(Number(from), Number(to));

/** Stores bytes [from, to) of the toy's log. */
const put = async (place: LogPlace, from: bigint, to: bigint, time = ten): Promise<PieceName> => {
  const sealed = await sealPiece(place, { system, timeline: 1, from, to, time }, logOf(from, to));
  await putPiece(place, sealed);
  return sealed.name;
};

describe('a piece', () => {
  test.each([
    ['zstd', true],
    ['gzip', true],
    ['zstd', false],
  ] as const)('of %s, encrypted: %s, is read again', async (algorithm, encrypted) => {
    const place = toyPlace(store, {
      compression: { algorithm, level: 1 },
      keys: encrypted ? testKeys : undefined,
    });
    const name = await put(place, 100n, 5000n);
    expect(name).toMatchObject({ compression: algorithm, encrypted });
    expect((await readPiece(place, name)).equals(logOf(100n, 5000n))).toBe(true);
    const stored = await readSmall(store, pieceKey('toys', name), 'piece');
    expect(stored.subarray(0, 8).toString() === 'Salted__').toBe(encrypted);
  });

  test('of a key that became an old one is read', async () => {
    const name = await put(toyPlace(store), 0n, 100n);
    const newer = openKey('newer', 'another passphrase of enough length');
    expect(await readPiece(toyPlace(store, { keys: [newer, ...testKeys] }), name)).toHaveLength(100);
    await expect(readPiece(toyPlace(store, { keys: [newer] }), name)).rejects.toMatchObject({
      code: 'archive.damaged',
    });
  });

  const forgeries: readonly (readonly [string, (name: PieceName) => PieceName])[] = [
    ['of another system', (name) => ({ ...name, system: '7000000000000000009' })],
    ['of another timeline', (name) => ({ ...name, timeline: 2 })],
    ['from elsewhere', (name) => ({ ...name, from: 1n, to: 1001n })],
    ['that says it is longer', (name) => ({ ...name, to: 1001n })],
    ['of another time', (name) => ({ ...name, time: ten + 1 })],
    ['of another compression', (name) => ({ ...name, compression: 'gzip' })],
    ['that says it is not encrypted', (name) => ({ ...name, encrypted: false })],
    ['of another MAC', (name) => ({ ...name, mac: '0'.repeat(64) })],
  ];

  test.each(forgeries)('under the name of one %s is refused by name', async (_, forge) => {
    const place = toyPlace(store);
    const name = await put(place, 0n, 1000n);
    const bytes = await readSmall(store, pieceKey('toys', name), 'piece');
    const forged = forge(name);
    await store.put(pieceKey('toys', forged), oneChunk(bytes));
    await expect(readPiece(place, forged)).rejects.toMatchObject({
      code: 'archive.damaged',
      message: expect.stringContaining(pieceKey('toys', forged)),
    });
  });

  test.each([
    ['flipped', (bytes: Buffer) => bytes.fill(bytes[40]! ^ 1, 40, 41)],
    ['cut', (bytes: Buffer) => bytes.subarray(0, -16)],
    ['continued', (bytes: Buffer) => Buffer.concat([bytes, Buffer.alloc(16)])],
    ['emptied', () => Buffer.alloc(0)],
  ])('that was %s is refused by name', async (_, change) => {
    const place = toyPlace(store);
    const name = await put(place, 0n, 1000n);
    const key = pieceKey('toys', name);
    const bytes = await readSmall(store, key, 'piece');
    await store.put(key, oneChunk(change(bytes)), { replace: true });
    await expect(readBack(place, server, { timeline: 1, from: 0n })).rejects.toMatchObject({
      code: 'archive.damaged',
      message: expect.stringContaining(key),
    });
  });
});

describe('a stored log', () => {
  test('ends before what is missing, and tells the newest instant before it', async () => {
    const place = toyPlace(store);
    await put(place, 0n, 1000n, ten);
    await put(place, 1000n, 2000n, ten + 5000);
    const missing = await put(place, 2000n, 3000n, ten + 6000);
    await put(place, 3000n, 4000n, ten + 7000);
    await store.remove(pieceKey('toys', missing));
    const { reader, bytes } = await readBack(place, server, { timeline: 1, from: 0n });
    expect(bytes.length).toBe(2000);
    expect(reader.hole).toEqual({ from: 2000n, to: 3000n, before: new Date(ten + 5000) });
    expect(reader.endTime).toEqual(new Date(ten + 5000));
  });

  test('is read from the middle, across pieces that overlap', async () => {
    const place = toyPlace(store);
    await put(place, 0n, 1500n);
    await put(place, 700n, 1700n);
    await put(place, 1200n, 3000n);
    const { bytes } = await readBack(place, server, { timeline: 1, from: 600n });
    expect(bytes.equals(logOf(600n, 3000n))).toBe(true);
  });
});

describe('compaction', () => {
  const run = testRun();
  const step = MiB + 12_345n;

  /** Log of two hours, and a little of a third. */
  const fill = async (place: LogPlace): Promise<{ readonly end: bigint; readonly newest: PieceName }> => {
    let from = 0n;
    let newest: PieceName | undefined;
    for (const [hour, pieces] of [18, 3, 2].entries())
      for (let index = 0; index < pieces; index++) {
        newest = await put(place, from, from + step, ten + hour * hourMs + index * 1000);
        from += step;
      }
    return { end: from, newest: newest! };
  };

  const whole = async (place: LogPlace, end: bigint): Promise<boolean> => {
    const { bytes } = await readBack(place, server, { timeline: 1, from: 0n });
    return bytes.equals(logOf(0n, end));
  };

  test('makes segments at multiples of 16 MiB of the hours that are over, and chains their indexes', async () => {
    const place = toyPlace(store);
    const { end, newest } = await fill(place);
    await compact(run, place, newest);
    const { pieces, hours } = await readStored(place, system);
    const first = 18n * step;
    expect(pieces.map(({ from, to }) => [from, to]).toSorted(([a], [b]) => (a! < b! ? -1 : 1))).toEqual([
      [0n, 16n * MiB],
      [16n * MiB, first],
      [first, 21n * step],
      [21n * step, 22n * step],
      [22n * step, end],
    ]);
    expect(hours.map(({ hour }) => hour).toSorted()).toEqual(['2026-11-29T10', '2026-11-29T11']);
    const [ninth, tenth] = await Promise.all(
      ['2026-11-29T10', '2026-11-29T11'].map((hour) => readIndex(place, { system, timeline: 1, hour })),
    );
    expect(ninth!.previous).toBeNull();
    expect(tenth!.previous).toBe(ninth!.mac);
    expect(ninth!.pieces).toHaveLength(2);
    for (const file of [...ninth!.pieces, ...tenth!.pieces])
      expect(parsePieceKey('toys', `wal/toys/${system}/00000001/${file}`)).toBeDefined();
    expect(await whole(place, end)).toBe(true);
    const names = JSON.stringify((await readStored(place, system)).pieces.map(({ mac }) => mac));
    await compact(run, place, newest); // nothing is left to do
    expect(JSON.stringify((await readStored(place, system)).pieces.map(({ mac }) => mac))).toBe(names);
  }, 60_000);

  test('killed after any step, it leaves what can be read, and the next one finishes', async () => {
    const place = toyPlace(store);
    const { end, newest } = await fill(place);
    let steps = 0;
    const killedAfter = (allowed: number): Store => {
      steps = 0;
      const counting = async (): Promise<void> => {
        if (steps++ >= allowed) throw new Error('killed');
      };
      return {
        ...store,
        put: (...args) => counting().then(() => store.put(...args)),
        remove: (key) => counting().then(() => store.remove(key)),
      };
    };
    let isDone = false;
    for (let allowed = 1; !isDone; allowed += 9) {
      isDone = await compact(run, { ...place, store: killedAfter(allowed) }, newest).then(
        () => true,
        (error: Error) => {
          if (error.message !== 'killed') throw error;
          return false;
        },
      );
      const { reader } = await readBack(place, server, { timeline: 1, from: end - 1n });
      expect(reader.end).toBe(end);
      expect((await readStored(place, system)).pieces.length).toBeGreaterThan(0);
    }
    expect(await whole(place, end)).toBe(true);
    expect((await readStored(place, system)).pieces).toHaveLength(5);
  }, 60_000);

  test('an index that was altered stops it before it removes anything', async () => {
    const place = toyPlace(store);
    const { newest } = await fill(place);
    await compact(run, place, newest);
    const key = `wal/toys/${system}/00000001/2026-11-29T11.index.json`;
    const text = (await readSmall(store, key, 'walRecord')).toString();
    await store.put(key, oneChunk(text.replace('"hour":"2026-11-29T11"', '"hour":"2026-11-29T12"')), {
      replace: true,
    });
    await expect(compact(run, place, newest)).rejects.toMatchObject({ code: 'archive.damaged' });
  }, 60_000);
});
