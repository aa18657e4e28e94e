import { describe, expect, test } from '@jest/globals';
import { oneChunk } from '../../../runtime/src/core/one-chunk.ts';
import { readSmall } from '../../../runtime/src/store/size-limits.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { compact } from '../../../runtime/src/wal/compaction.ts';
import { recordGap } from '../../../runtime/src/wal/gaps.ts';
import { readIndexed } from '../../../runtime/src/wal/index-problems.ts';
import { indexKey, pieceKey, type PieceName } from '../../../runtime/src/wal/names.ts';
import { putPiece, sealPiece } from '../../../runtime/src/wal/piece.ts';
import { readStored } from '../../../runtime/src/wal/stored.ts';
import { verifyLog } from '../../../runtime/src/wal/verify.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { toyPlace } from '../../kit/received.ts';
import { testRun } from '../../kit/run.ts';
import { toyServer } from '../../kit/toy-log.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

const { system, log } = toyServer();
const ten = Date.parse('2026-11-29T10:00:00Z');
const hourMs = 3_600_000;

const put = async (from: bigint, to: bigint, time: number): Promise<PieceName> => {
  const place = toyPlace(store);
  const bytes = Buffer.alloc(Number(to - from), Number(from % 251n));
  const sealed = await sealPiece(place, { system, timeline: 1, from, to, time }, bytes);
  await putPiece(place, sealed);
  return sealed.name;
};

/** Log of three hours that are over, each one segment with its index, and a piece of a fourth. */
const fill = async (): Promise<void> => {
  for (const hour of [0, 1, 2])
    await put(BigInt(hour) * 1000n, BigInt(hour + 1) * 1000n, ten + hour * hourMs);
  const newest = await put(3000n, 4000n, ten + 3 * hourMs);
  await compact(testRun(), toyPlace(store), newest);
};

const verify = async (level: 'quick' | 'deep' = 'quick', olderBase = false): Promise<void> => {
  const facts = { system, timeline: 1, start: 0n, redo: 0n, end: 100n, checksums: false };
  const stored = await readIndexed(toyPlace(store), system);
  return verifyLog({ place: toyPlace(store), log, facts, stored }, level, { olderBase });
};

/** Key of the object that holds log from a position on. */
const keyAt = async (from: bigint): Promise<string> => {
  const { pieces } = await readStored(toyPlace(store), system);
  const piece = pieces.find((each) => each.from === from);
  if (!piece) throw new Error(`no piece from ${from}`);
  return pieceKey('toys', piece);
};

const indexAt = (hour: string): string => indexKey('toys', { system, timeline: 1, hour });

describe('the log from a base on', () => {
  test('passes where it is whole', async () => {
    await fill();
    await verify('quick');
    await verify('deep');
  });

  test('fails by name where a byte was changed, which reading it alone finds', async () => {
    await fill();
    const key = await keyAt(1000n);
    const bytes = await readSmall(store, key, 'piece');
    await store.put(key, oneChunk(bytes.fill(bytes[40]! ^ 1, 40, 41)), { replace: true });
    await verify('quick');
    await expect(verify('deep')).rejects.toMatchObject({
      code: 'archive.damaged',
      message: expect.stringContaining(key),
    });
  });

  test('fails by name where an index lists what is gone', async () => {
    await fill();
    const key = await keyAt(2000n);
    await store.remove(key);
    await expect(verify()).rejects.toMatchObject({
      code: 'archive.damaged',
      message: expect.stringContaining(`piece ${key} is gone`),
    });
  });

  test('fails where an index between others is gone', async () => {
    await fill();
    await store.remove(indexAt('2026-11-29T11'));
    await expect(verify()).rejects.toMatchObject({
      code: 'archive.damaged',
      message: expect.stringContaining(`${indexAt('2026-11-29T12')} does not follow that of 2026-11-29T10`),
    });
  });

  test('fails where an index was altered', async () => {
    await fill();
    const key = indexAt('2026-11-29T11');
    const text = (await readSmall(store, key, 'walRecord')).toString();
    await store.put(key, oneChunk(text.replace(/"pieces":\[.*?\]/, '"pieces":[]')), { replace: true });
    await expect(verify()).rejects.toMatchObject({
      code: 'archive.damaged',
      message: expect.stringContaining(key),
    });
  });

  test('fails where no byte of it is there, and where it ends before the base is whole', async () => {
    await expect(verify()).rejects.toMatchObject({ code: 'log.gap' });
    await put(0n, 50n, ten);
    await expect(verify()).rejects.toMatchObject({ code: 'log.gap' });
  });

  test('fails at a hole; where it is recorded, only the newest base does', async () => {
    await put(0n, 1000n, ten);
    await put(2000n, 3000n, ten + 1000);
    const hole = { code: 'log.gap', message: expect.stringContaining(new Date(ten).toISOString()) };
    await expect(verify('quick', true)).rejects.toMatchObject(hole);
    const gap = { system, timeline: 1, from: 1000n, to: 2000n };
    await recordGap(toyPlace(store), gap, 'the slot was lost', new Date(ten));
    await verify('quick', true);
    await expect(verify()).rejects.toMatchObject(hole);
  });
});
