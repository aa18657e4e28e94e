import { afterAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readdirSync } from 'node:fs';
import type { Fingerprint } from '../../../../runtime/src/engines/engine.ts';
import { timeText } from '../../../../runtime/src/engines/influxdb/intervals.ts';
import { checkedShard } from '../../../../runtime/src/engines/influxdb/shard.ts';
import { ItemCounts } from '../../../../runtime/src/engines/influxdb/tsm/item-counts.ts';
import { testRun } from '../../../kit/run.ts';
import {
  encodeBlock,
  encodeTimes,
  shardTar,
  tombstoneFile,
  tsmFile,
  type TsmBlock,
  type TsmContent,
  type TsmTombstone,
} from '../../../kit/tsm.ts';

const run = testRun();
afterAll(() => run.dispose());

/** Monday, on which two shards of a week meet. */
const monday = 1_736_121_600n * 1_000_000_000n;
const week = 604_800n * 1_000_000_000n;
const groups = [
  { start: timeText(monday - week), end: timeText(monday) },
  { start: timeText(monday), end: timeText(monday + week) },
];
const asOf = new Date(Number((monday + 3_600n * 1_000_000_000n) / 1_000_000n));

async function* chunked(bytes: Buffer, size: number): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}

/** Counts the files of shards, read in chunks of `size` bytes. */
const count = async (
  shards: readonly Readonly<Record<string, Buffer>>[],
  size = 65_521,
  kind: 'tags' | 'fields' = 'tags',
): Promise<Fingerprint[string]> => {
  const counts = new ItemCounts(run, asOf, kind);
  counts.begin('item', groups);
  try {
    for (const files of shards) {
      const tar = chunked(await shardTar(files), size);
      const checked = checkedShard(tar, '1', 'archive.damaged', { count: counts.shard('item') });
      for (let next = await checked.next(); !next.done; next = await checked.next());
    }
    return counts.result()['item']!;
  } finally {
    await counts.close();
  }
};

const times = (from: bigint, step: bigint, length: number): readonly bigint[] =>
  Array.from({ length }, (_, n) => from + BigInt(n) * step);

const floats = (at: readonly bigint[], more: Partial<TsmBlock> = {}): TsmBlock => ({
  type: 'float',
  times: at,
  values: at.map((_, n) => n / 7),
  ...more,
});

const second = 1_000_000_000n;

/** A block of one integer, whose checksum begins with that number. */
const withChecksum = (wanted: number): TsmBlock => {
  for (let value = 0n; ; value++) {
    const block: TsmBlock = { type: 'integer', times: [monday], values: [value], valueEncoding: 'raw' };
    if (encodeBlock(block).readUInt16BE() === wanted) return block;
  }
};

describe('points of TSM files', () => {
  test.each([1, 2, 3, 40])(
    'where the checksum of block %i from the end reads as the length of a key that ends where the first one does',
    async (fromEnd) => {
      const keys = Array.from({ length: 50 }, (_, n) => `m,probe=${`${n}`.padStart(2, '0')}#!~#v`);
      const plain: TsmBlock = { type: 'integer', times: [monday], values: [0n], valueEncoding: 'raw' };
      const wanted = fromEnd * encodeBlock(plain).length + keys[0]!.length;
      const content = Object.fromEntries(keys.map((key) => [key, [plain]]));
      content[keys.at(-fromEnd)!] = [withChecksum(wanted)];
      expect(await count([{ '1.tsm': tsmFile(content) }])).toMatchObject({ series: 50, points: 50 });
    },
  );

  const valuesOf = {
    float: (n: number) => [0, -0, 1.5, n / 3, 1e300, -5e-324, Number.MAX_VALUE, n][n % 8]!,
    integer: (n: number) => [0n, -(2n ** 63n), 2n ** 63n - 1n, BigInt(n), BigInt(-n)][n % 5]!,
    unsigned: (n: number) => BigInt(n) * 7n,
    boolean: (n: number) => n % 3 === 0,
    string: (n: number) => ['', 'text, "quoted"', 'aaaaaaaaaaaaaaaaaaa', 'ü☃'.repeat(n % 70)][n % 4]!,
  } as const;

  test.each(
    (Object.keys(valuesOf) as (keyof typeof valuesOf)[]).flatMap((type) =>
      (['raw', 'packed', 'repeated'] as const).map((encoding) => [type, encoding] as const),
    ),
  )('%s with %s times and values, in blocks of all lengths', async (type, encoding) => {
    const lengths = [1, 2, 3, 8, 239, 240, 241, 1000];
    const content = Object.fromEntries(
      lengths.map((length) => [
        `m,probe=${length}#!~#v`,
        [
          {
            ...{ type, timeEncoding: encoding, valueEncoding: encoding },
            times: times(monday - week, second, length),
            values: Array.from({ length }, (_, n) => valuesOf[type](encoding === 'repeated' ? 3 : n)),
          },
        ],
      ]),
    );
    const points = lengths.reduce((sum, length) => sum + length, 0);
    for (const size of [61, 65_521])
      expect(await count([{ '1.tsm': tsmFile(content) }], size)).toEqual({
        ...{ series: lengths.length, points },
        [`2024-12-30T00:00:00Z ${type}`]: points,
      });
  });

  test('times at uneven steps, in words of every selector', async () => {
    const steps = [0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 48].flatMap((bits) =>
      Array.from({ length: 300 }, (_, n) => 2n ** BigInt(bits) - BigInt(n % 2)),
    );
    const at = steps.reduce<bigint[]>((all, step) => [...all, all.at(-1)! + (step || 1n)], [monday - week]);
    const inside = at.filter((time) => time < monday + week);
    const content = { 'm#!~#v': [floats(inside)], 'n#!~#v': [floats(inside, { timeEncoding: 'raw' })] };
    const before = inside.filter((time) => time < monday).length;
    const found = await count([{ '1.tsm': tsmFile(content) }]);
    expect(found['2024-12-30T00:00:00Z float']).toBe(2 * before);
    expect(found.series).toBe(2);
  });

  test('fields of one series are one series, but with 2.x; so are those of several shards', async () => {
    const of = (key: string) => ({ [key]: [floats([monday])] });
    const one = tsmFile({ ...of('m,a=1#!~#v'), ...of('m,a=1#!~#w'), ...of('m,a=2#!~#v') });
    const found = await count([{ '1.tsm': one }, { '1.tsm': tsmFile(of('m,a=2#!~#x')) }]);
    expect(found).toMatchObject({ series: 2, points: 4 });
    expect(await count([{ '1.tsm': one }], 65_521, 'fields')).toMatchObject({ series: 3, points: 3 });
  });

  test('what lies behind the time of the dump counts in its interval only, and times no shard covers nowhere', async () => {
    const behind = monday + 7200n * second;
    const at = [monday - week - 1n, monday, behind, behind + 1n, monday + week];
    const found = await count([
      { '1.tsm': tsmFile({ 'm#!~#v': [floats(at)], 'n#!~#v': [floats([behind])] }) },
    ]);
    expect(found).toEqual({
      ...{ series: 1, points: 1 },
      ...{ '2025-01-06T00:00:00Z float': 1, '2025-01-06T01:00:00.001Z float': 3 },
    });
  });

  test('a type that changes from shard to shard, and from file to file', async () => {
    const before = tsmFile({ 'm#!~#v': [floats(times(monday - week, second, 5))] });
    const texts = {
      type: 'string',
      times: times(monday - week, second, 3),
      values: ['a', 'b', 'c'],
    } as const;
    const found = await count([{ '1.tsm': before, '2.tsm': tsmFile({ 'm#!~#v': [texts] }) }]);
    expect(found).toEqual({
      ...{ series: 1, points: 8 },
      ...{ '2024-12-30T00:00:00Z float': 5, '2024-12-30T00:00:00Z string': 3 },
    });
  });
});

const keys = ['m,a=1#!~#v', 'm,a=1#!~#w', 'm,a=2#!~#v', 'n#!~#v'];

/** Files of a shard, and what of each is deleted. */
const shardArbitrary = fc.array(
  fc.record({
    keys: fc.dictionary(
      fc.constantFrom(...keys),
      fc.uniqueArray(fc.integer({ min: -40, max: 40 }), { minLength: 1, maxLength: 40 }),
      { minKeys: 1, maxKeys: 4 },
    ),
    perBlock: fc.integer({ min: 1, max: 12 }),
    encoding: fc.constantFrom('raw', 'packed', 'repeated'),
    deleted: fc.array(
      fc.record({
        key: fc.constantFrom(...keys),
        min: fc.integer({ min: -45, max: 45 }),
        length: fc.integer({ min: 0, max: 50 }),
      }),
      { maxLength: 3 },
    ),
    version: fc.constantFrom(2, 3, 4),
  }),
  { minLength: 1, maxLength: 5 },
);

type Shard = typeof shardArbitrary extends fc.Arbitrary<infer Value> ? Value : never;

/** Ten minutes apart, about the place where intervals meet. */
const timeOf = (n: number): bigint => monday + BigInt(n) * 600n * second;

const contentOf = ({ keys: points, perBlock, encoding }: Shard[number]): TsmContent =>
  Object.fromEntries(
    Object.entries(points).map(([key, at]) => {
      const sorted = at.toSorted((a, b) => a - b).map(timeOf);
      const blocks = Array.from({ length: Math.ceil(sorted.length / perBlock) }, (_, n) =>
        floats(sorted.slice(n * perBlock, (n + 1) * perBlock), { timeEncoding: encoding }),
      );
      return [key, blocks];
    }),
  );

const tombstonesOf = ({ deleted }: Shard[number]): readonly TsmTombstone[] =>
  deleted.map(({ key, min, length }) => ({ key, min: timeOf(min), max: timeOf(min + length) }));

/** The same by sets of times: what is stored, and what of it is alive. */
const expectedOf = (shard: Shard): Fingerprint[string] => {
  const stored = new Set<string>();
  const live = new Set<string>();
  for (const file of shard)
    for (const [key, at] of Object.entries(file.keys))
      for (const n of at) {
        stored.add(`${key} ${n}`);
        const isDeleted = file.deleted.some(
          (each) => each.key === key && each.min <= n && n <= each.min + each.length,
        );
        if (!isDeleted) live.add(`${key} ${n}`);
      }
  const limit = BigInt(asOf.getTime() + 1) * 1_000_000n;
  const interval = (n: number): string =>
    timeOf(n) < monday
      ? '2024-12-30T00:00:00Z'
      : timeOf(n) < limit
        ? '2025-01-06T00:00:00Z'
        : '2025-01-06T01:00:00.001Z';
  const numbers = (all: ReadonlySet<string>, of: string) =>
    [...all].filter((point) => interval(Number(point.split(' ')[1])) === of).length;
  const seriesIn = (all: ReadonlySet<string>): number =>
    new Set(
      [...all]
        .filter((point) => !interval(Number(point.split(' ')[1])).includes('01:00'))
        .map((point) => point.split('#')[0]),
    ).size;
  const ranged = (least: number, most: number) => (least === most ? least : `${least}..${most}`);
  const starts = ['2024-12-30T00:00:00Z', '2025-01-06T00:00:00Z', '2025-01-06T01:00:00.001Z'];
  const sum = (all: ReadonlySet<string>) =>
    starts.slice(0, 2).reduce((total, start) => total + numbers(all, start), 0);
  return {
    series: ranged(seriesIn(live), seriesIn(stored)),
    points: ranged(sum(live), sum(stored)),
    ...Object.fromEntries(
      starts
        .filter((start) => numbers(stored, start) > 0)
        .map((start) => [`${start} float`, ranged(numbers(live, start), numbers(stored, start))]),
    ),
  };
};

const filesOf = (shard: Shard): Record<string, Buffer> =>
  Object.fromEntries(
    shard.flatMap((file, index) => [
      ...(file.deleted.length > 0
        ? [[`${index}.tombstone`, tombstoneFile(file.version, tombstonesOf(file))] as const]
        : []),
      [`${index}.tsm`, tsmFile(contentOf(file))] as const,
    ]),
  );

test('of points in several files each counts once, unless it is deleted in all of them; deleted ones may come back', async () => {
  await fc.assert(
    fc.asyncProperty(shardArbitrary, fc.integer({ min: 1, max: 5000 }), async (shard, size) => {
      expect(await count([filesOf(shard)], size)).toEqual(expectedOf(shard));
    }),
    { numRuns: process.env.GRILL_WHOLE_FAMILIES ? 2000 : 150 },
  );
}, 120_000);

test('tombstones of the first version delete whole keys; damaged ones leave open what is alive', async () => {
  const file = tsmFile({ 'a#!~#v': [floats([monday, monday + 1n])], 'b#!~#v': [floats([monday])] });
  const deleted = (tombstone: Buffer) => count([{ '1.tombstone': tombstone, '1.tsm': file }]);
  const [one, all] = [[{ key: 'a#!~#v', min: 0n, max: 0n }], '2025-01-06T00:00:00Z float'];
  expect(await deleted(tombstoneFile(1, one))).toEqual({ series: '1..2', points: '1..3', [all]: '1..3' });
  expect(await deleted(Buffer.alloc(0))).toEqual({ series: 2, points: 3, [all]: 3 });
  for (const broken of [
    Buffer.from('00001503ffff', 'hex'),
    Buffer.from('00001502ffffffff', 'hex'),
    tombstoneFile(3, one).subarray(0, -5),
  ])
    expect(await deleted(broken)).toMatchObject({ series: expect.stringMatching(/^0\.\.2|^1\.\.2/) });
});

test('many tombstones are not kept, and then nobody knows what is alive', async () => {
  const many = Array.from({ length: 100_001 }, () => ({ key: 'x#!~#v', min: 0n, max: 1n }));
  const file = tsmFile({ 'a#!~#v': [floats([monday])] });
  for (const version of [2, 3] as const)
    expect(await count([{ '1.tsm': file, '1.tombstone': tombstoneFile(version, many) }])).toEqual({
      ...{ series: '0..1', points: '0..1', '2025-01-06T00:00:00Z float': '0..1' },
    });
});

test('times are encoded as InfluxDB does', () => {
  expect(encodeTimes([10n, 20n, 30n], 'repeated').toString('hex')).toBe('21000000000000000a0103');
});

test('no file is left behind', () => {
  expect(readdirSync(run.scratchDir)).toEqual([]);
});
