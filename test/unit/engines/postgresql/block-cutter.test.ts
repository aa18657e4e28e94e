import { expect, test } from '@jest/globals';
import {
  BlockCutter,
  type PartSizes,
  type Piece,
} from '../../../../runtime/src/engines/postgresql/block-cutter.ts';
import { sizesFor } from '../../../../runtime/src/engines/postgresql/dump-parts.ts';
import { sha256Of } from '../../../../runtime/src/engines/postgresql/part-notes.ts';

const sizes: PartSizes = { least: 1000, gap: 1000, most: 4000 };
const intBytes = 4;

const number = (value: number): Buffer => {
  const bytes = Buffer.alloc(1 + intBytes);
  bytes.writeInt32LE(value, 1);
  return bytes;
};

/** A block of a table as pg_dump writes it: each row is a write of its own. */
const table = (id: number, rows: readonly string[]): Buffer =>
  Buffer.concat([
    Buffer.from([1]),
    number(id),
    ...[...rows.map((row) => `${row}\n`), '\\.\n\n\n'].flatMap((row) => [
      number(Buffer.byteLength(row)),
      Buffer.from(row),
    ]),
    number(0),
  ]);

/** A block of large objects. */
const objects = (id: number, contents: readonly Buffer[]): Buffer =>
  Buffer.concat([
    Buffer.from([3]),
    number(id),
    ...contents.flatMap((content, index) => [number(index + 1), number(content.length), content, number(0)]),
    number(0),
  ]);

const rowsOf = (name: string, count: number, from = 0): readonly string[] =>
  Array.from({ length: count }, (_, index) => `${from + index}\t${name}\t${'x'.repeat((index * 7) % 90)}`);

const cut = (dump: Buffer, chunkBytes = dump.length): readonly Piece[] => {
  const cutter = new BlockCutter(intBytes, sizes);
  const pieces: Piece[] = [];
  for (let at = 0; at < dump.length; at += chunkBytes) {
    cutter.push(dump.subarray(at, at + chunkBytes));
    pieces.push(...cutter.take());
  }
  cutter.finish();
  return pieces;
};

const bytesOf = (piece: Piece): Buffer => ('own' in piece ? piece.own : Buffer.concat(piece.part));
const partsOf = (pieces: readonly Piece[]) => pieces.flatMap((piece) => ('part' in piece ? [piece] : []));
const hashesOf = (dump: Buffer) => partsOf(cut(dump)).map(({ part }) => sha256Of(part));
const changed = (before: Buffer, after: Buffer): number => {
  const known = new Set(hashesOf(before));
  return hashesOf(after).filter((hash) => !known.has(hash)).length;
};

const [small, large] = [rowsOf('small', 5), rowsOf('large', 2000)];
const long = `1\t${'y'.repeat(9000)}`;
const dump = Buffer.concat([
  table(7, small),
  table(8, large),
  table(9, []),
  objects(10, [Buffer.alloc(16_384, 1), Buffer.alloc(3, 2), Buffer.alloc(5000, 3)]),
  table(11, [...rowsOf('a', 3), long, ...rowsOf('b', 40)]),
]);

test.each([1, 2, 13, 4096, dump.length])(
  'pieces joined are the dump, in chunks of %d bytes',
  (chunkBytes) => {
    const pieces = cut(dump, chunkBytes);
    expect(Buffer.concat(pieces.map(bytesOf)).equals(dump)).toBe(true);
    expect(partsOf(pieces).map(({ part }) => sha256Of(part))).toEqual(hashesOf(dump));
  },
);

test('parts are of one table each, and no longer or shorter than allowed', () => {
  const parts = partsOf(cut(dump)).map((piece) => ({ entry: piece.entry, bytes: bytesOf(piece).length }));
  expect(new Set(parts.map(({ entry }) => entry))).toEqual(new Set([8, 10, 11]));
  for (const [index, { entry, bytes }] of parts.entries()) {
    expect(bytes).toBeLessThanOrEqual(sizes.most);
    const isLast = parts[index + 1]?.entry !== entry;
    expect(bytes).toBeGreaterThanOrEqual(isLast ? sizes.least / 16 : sizes.least);
  }
  expect(parts.filter(({ entry }) => entry === 8).length).toBeGreaterThan(20);
});

test('a part ends where a row does, unless none ends one in time', () => {
  const parts = partsOf(cut(dump)).filter(({ entry }) => entry === 8);
  const ended = parts.map(bytesOf).filter((bytes) => bytes.at(-1) === 0x0a);
  expect(parts.map(bytesOf).filter((bytes) => bytes.length < sizes.most)).toEqual(ended);
  expect(ended.length).toBeGreaterThan(0.8 * parts.length);
});

test('numbers of entries are in no part: a schema that changes changes none', () => {
  expect(changed(table(8, large), table(4711, large))).toBe(0);
});

test('what does not change is the same parts, wherever it is', () => {
  const appended = [...large, ...rowsOf('large', 10, 2000)];
  expect(changed(table(8, large), table(8, appended))).toBeLessThanOrEqual(1);
  const before = [...rowsOf('new', 3), ...large];
  expect(changed(table(8, large), table(8, before))).toBeLessThanOrEqual(2);
  const altered = large.map((row, index) => (index === 1000 ? row.toUpperCase() : row));
  const without = large.filter((_, index) => index !== 1000);
  for (const rows of [altered, without]) {
    expect(changed(table(8, large), table(8, rows))).toBeGreaterThanOrEqual(1);
    expect(changed(table(8, large), table(8, rows))).toBeLessThanOrEqual(3);
  }
});

test('a dump that ends in the middle of a block, or is none, is refused', () => {
  expect(() => cut(dump.subarray(0, -1))).toThrow('it ends in the middle of a block');
  expect(() => cut(Buffer.from([9]))).toThrow('it has a block of type 9');
});

test.each([
  [1, 4],
  [16, 4],
  [17, 16],
  [256, 16],
  [257, 64],
  [100_000, 64],
])('a database of %d GiB has parts of %d MiB in the mean', (databaseGib, mean) => {
  const { least, gap, most } = sizesFor(databaseGib * 2 ** 30);
  expect([least, gap, most].map((bytes) => bytes / 2 ** 20)).toEqual([mean / 2, mean / 2, 2 * mean]);
});
