import { afterAll, describe, expect, test } from '@jest/globals';
import { crc32 } from 'node:zlib';
import { checkedShard } from '../../../../runtime/src/engines/influxdb/shard.ts';
import { ItemCounts } from '../../../../runtime/src/engines/influxdb/tsm/item-counts.ts';
import { testRun } from '../../../kit/run.ts';
import {
  compressText,
  encodeBlock,
  indexOfKey,
  shardTar,
  tsmFile,
  tsmFooter,
  tsmHeader,
  uvarint,
  type TsmBlock,
} from '../../../kit/tsm.ts';
import { streamOf } from '../../../kit/streams.ts';

const run = testRun();
afterAll(() => run.dispose());

const groups = [{ start: '1970-01-01T00:00:00Z', end: '1970-01-08T00:00:00Z' }];

const count = async (files: Readonly<Record<string, Buffer>>) => {
  const counts = new ItemCounts(run, new Date(), 'tags');
  counts.begin('item', groups);
  try {
    const look = { count: counts.shard('item') };
    const checked = checkedShard(streamOf(await shardTar(files)), '7', 'archive.damaged', look);
    for (let next = await checked.next(); !next.done; next = await checked.next());
    return counts.result()['item']!;
  } finally {
    await counts.close();
  }
};

const damaged = (reason: RegExp) =>
  expect.objectContaining({
    code: 'archive.damaged',
    message: expect.stringMatching(new RegExp(`^shard 7: grill/autogen/1/1\\.tsm: .*${reason.source}`)),
  });

const times = [0n, 1000n, 2500n];
const all: readonly TsmBlock[] = [
  { type: 'float', times, values: [1, 2.5, 2.5] },
  { type: 'integer', times, values: [1n, 2n, 3n] },
  { type: 'boolean', times, values: [true, false, true] },
  { type: 'string', times, values: ['a', 'bbbbbbbbbbbb', ''] },
  { type: 'unsigned', times, values: [1n, 1n, 1n], valueEncoding: 'repeated' },
];
const file = tsmFile(
  Object.fromEntries(
    all.map((block, n) => [`m,probe=${n}#!~#v`, [block, { ...block, times: [9000n, 9001n, 9005n] }]]),
  ),
);
const intact = { series: 5, points: 30 };
const indexAt = Number(file.readBigUInt64BE(file.length - 8));

describe('a TSM file', () => {
  test('that is intact is counted', async () => {
    expect(await count({ '1.tsm': file })).toMatchObject(intact);
  });

  test('that is cut anywhere is damaged', async () => {
    for (let bytes = 0; bytes < file.length; bytes++)
      await expect(count({ '1.tsm': file.subarray(0, bytes) })).rejects.toEqual(damaged(/./));
  });

  test('of which any bit of a block is altered is damaged', async () => {
    for (let at = 0; at < indexAt; at++)
      for (const bit of [1, 0x10, 0x80]) {
        const altered = Buffer.from(file);
        altered[at]! ^= bit;
        await expect(count({ '1.tsm': altered })).rejects.toEqual(damaged(/./));
      }
  });

  test('of which the index is altered is damaged, or counted by what it says', async () => {
    let found = 0;
    for (let at = indexAt; at < file.length; at++) {
      const altered = Buffer.from(file);
      altered[at]! ^= 0x11;
      const outcome = await count({ '1.tsm': altered }).catch((error: unknown) => error);
      if (outcome instanceof Error) expect(outcome).toEqual(damaged(/./));
      if (outcome instanceof Error) found++;
    }
    expect(found).toBeGreaterThan((file.length - indexAt) / 3);
  });

  test('with a byte behind it is damaged', async () => {
    await expect(count({ '1.tsm': Buffer.concat([file, Buffer.alloc(1)]) })).rejects.toEqual(damaged(/./));
  });
});

const uint32 = (value: number): Buffer => Buffer.from(value.toString(16).padStart(8, '0'), 'hex');

/** A file of one block of which type, encoded times and values are as given, with a checksum that fits. */
const fileOf = (
  type: number,
  encodedTimes: Buffer,
  values: Buffer,
  timesBytes = encodedTimes.length,
): Buffer => {
  const data = Buffer.concat([Buffer.from([type]), uvarint(BigInt(timesBytes)), encodedTimes, values]);
  const block = Buffer.concat([uint32(crc32(data)), data]);
  const entry = { min: 0n, max: 0n, offset: 5, size: block.length };
  return Buffer.concat([tsmHeader, block, indexOfKey('m#!~#v', type, [entry]), tsmFooter(5 + block.length)]);
};

const one = Buffer.from('100000000000000000', 'hex'); // one time, 0
const repeatedTimes = (times: bigint): Buffer =>
  Buffer.concat([Buffer.from('200000000000000000', 'hex'), uvarint(1n), uvarint(times)]);
const float = Buffer.concat([Buffer.from([0x10]), Buffer.alloc(8)]);

describe('blocks that ask for more than there is', () => {
  test.each([
    ['a type that is not known', fileOf(5, one, float), /type that is not known, 5/],
    ['times that are longer than any', fileOf(0, one, float, 2 ** 40), /bytes of times/],
    ['more times than a block has', fileOf(1, repeatedTimes(2n ** 50n), Buffer.from([0x20])), /values/],
    ['no times', fileOf(1, repeatedTimes(0n), Buffer.from([0x20])), /holds 0 values/],
    [
      'times of an unknown encoding',
      fileOf(0, Buffer.from('f00000000000000000', 'hex'), float),
      /not known, 15/,
    ],
    [
      'a length without an end',
      fileOf(2, one, Buffer.concat([Buffer.from([0x10]), Buffer.alloc(20, 0xff)])),
      /too long/,
    ],
    [
      'booleans beyond the file',
      fileOf(2, one, Buffer.concat([Buffer.from([0x10]), uvarint(2n ** 62n)])),
      /larger/,
    ],
    ['a million floats of nothing', fileOf(0, repeatedTimes(1n << 20n), float), /cut/],
    ['text that stands for more than it says', fileOf(3, one, Buffer.from([0x10, 2, 0xfe, 1, 0])), /longer/],
    ['text that stands for 4 GiB', fileOf(3, one, Buffer.from('10ffffffff0f00aa', 'hex')), /cut/],
    ['integers of an unknown encoding', fileOf(1, one, Buffer.from([0xf0])), /integers/],
  ])('%s', async (_title, bytes, reason) => {
    await expect(count({ '1.tsm': bytes })).rejects.toEqual(damaged(reason));
  });
});

const block = encodeBlock({ type: 'float', times: [0n], values: [1] });
const entry = { min: 0n, max: 0n, offset: 5, size: block.length };
const behind = { ...entry, offset: 5 + block.length };
const indexed = (...index: readonly Buffer[]): Buffer =>
  Buffer.concat([tsmHeader, block, block, ...index, tsmFooter(5 + 2 * block.length)]);

describe('an index', () => {
  test.each([
    ['with keys out of order', indexed(indexOfKey('b', 0, [entry]), indexOfKey('a', 0, [behind])), /order/],
    ['with a key twice', indexed(indexOfKey('a', 0, [entry]), indexOfKey('a', 0, [behind])), /order/],
    ['that leaves a block out', indexed(indexOfKey('a', 0, [entry])), /fit/],
    ['that names a block twice', indexed(indexOfKey('a', 0, [entry, entry])), /fit/],
    [
      'that names blocks of another size',
      indexed(indexOfKey('a', 0, [entry, { ...behind, size: 9 }])),
      /fit/,
    ],
    ['of a version to come', Buffer.concat([tsmHeader.subarray(0, 4), Buffer.from([2]), block]), /version 2/],
  ])('%s', async (_title, bytes, reason) => {
    await expect(count({ '1.tsm': bytes })).rejects.toEqual(damaged(reason));
  });
});

test('text of any length passes', async () => {
  const text = Buffer.alloc(40 << 20, 'no two bytes alike, or so');
  const values = Buffer.concat([
    Buffer.from([0x10]),
    compressText(Buffer.concat([uvarint(BigInt(text.length)), text])),
  ]);
  const bytes = fileOf(3, one, values);
  expect(await count({ '1.tsm': bytes })).toMatchObject({ series: 1, points: 1 });
  bytes[30 << 20]! ^= 1;
  await expect(count({ '1.tsm': bytes })).rejects.toEqual(damaged(/differs from its checksum/));
});
