import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Crc64 } from '../../../../runtime/src/engines/redis/crc64.ts';
import { RdbParser } from '../../../../runtime/src/engines/redis/rdb.ts';
import { seedCommands } from '../../../conformance/engines/redis.ts';
import { startRedis, type TestRedis } from '../../../kit/redis.ts';

const count = (chunks: readonly Buffer[], asOf?: Date) => {
  const parser = new RdbParser(asOf);
  for (const chunk of chunks) parser.push(chunk);
  return parser.finish();
};

const crcOf = (bytes: Buffer): bigint => {
  const crc = new Crc64();
  crc.update(bytes);
  return crc.value;
};

const checksum = (bytes: Buffer): Buffer => {
  const value = Buffer.alloc(8);
  value.writeBigUInt64LE(crcOf(bytes));
  return value;
};

/** An RDB around records that no server at hand writes. */
const rdb = (version: string, ...records: readonly (string | number[])[]): Buffer => {
  const parts = records.map((record) =>
    typeof record === 'string' ? Buffer.from(record, 'latin1') : Buffer.from(record),
  );
  const body = Buffer.concat([Buffer.from(`REDIS${version}`), ...parts, Buffer.from([0xff])]);
  return Buffer.concat([body, checksum(body)]);
};

const key = (type: number, name: string): number[] => [type, name.length, ...Buffer.from(name)];
const text = (value: string): number[] => [value.length, ...Buffer.from(value)];
const id = (fill: number): number[] => Array<number>(16).fill(fill);
const time = (fill: number): number[] => Array<number>(8).fill(fill);

describe('crc64', () => {
  test('the check value of redis', () => expect(crcOf(Buffer.from('123456789'))).toBe(0xe9c6d914c4b8d9can));

  test.each([0, 1, 7, 8, 9, 63, 1000])('is the same in pieces, %i bytes', (length) => {
    const bytes = Buffer.from(Array.from({ length }, (_, n) => (n * 31) & 0xff));
    const pieces = new Crc64();
    for (let at = 0; at < length; at += 3) pieces.update(bytes.subarray(at, at + 3));
    expect(pieces.value).toBe(crcOf(bytes));
  });
});

describe('an RDB of a real server', () => {
  let server: TestRedis;
  let all: Buffer;
  let small: Buffer;

  beforeAll(async () => {
    server = await startRedis();
    await server.script(seedCommands);
    all = await server.rdb();
    await server.script([
      'FLUSHALL',
      'HSET h f v',
      'SET s x EX 1000',
      'XADD x 1-1 a b',
      'XGROUP CREATE x g 0',
      'XREADGROUP GROUP g c STREAMS x >',
      'ZADD z 1.5 m',
      'SELECT 2',
      'RPUSH l a 300',
    ]);
    small = await server.rdb();
  });
  afterAll(() => server.stop());

  test('counts agree with DBSIZE and INFO keyspace', async () => {
    expect(count([small])).toEqual({
      'db0/hash': { keys: 1, expiring: 0 },
      'db0/string': { keys: 1, expiring: 1 },
      'db0/stream': { keys: 1, expiring: 0 },
      'db0/zset': { keys: 1, expiring: 0 },
      'db2/list': { keys: 1, expiring: 0 },
    });
    const total = Object.values(count([all])).reduce((sum, { keys }) => sum + Number(keys), 0);
    expect(total).toBe(90);
  });

  test('every way to split it in two counts the same', () => {
    const whole = count([small]);
    for (let at = 0; at <= small.length; at += 1)
      expect(count([small.subarray(0, at), small.subarray(at)])).toEqual(whole);
  });

  test('cut at any byte it is damaged', () => {
    for (let at = 0; at < small.length; at += 1)
      expect(() => count([small.subarray(0, at)])).toThrow(/cut short/);
  });

  test('with any bit of any byte flipped it is refused', () => {
    for (let at = 0; at < small.length * 8; at += 1) {
      const flipped = Buffer.from(small);
      flipped[at >> 3]! ^= 1 << (at & 7);
      expect(() => count([flipped])).toThrow(/RDB/);
    }
  });

  test.each(['allkeys-lru', 'allkeys-lfu'])(
    'idle times and frequencies are read past, %s',
    async (policy) => {
      await server.cli('CONFIG', 'SET', 'maxmemory-policy', policy);
      const bytes = await server.rdb();
      expect(count([bytes])).toEqual(count([small]));
    },
  );

  test('a server without checksums is taken at its structure', async () => {
    const unchecked = Buffer.concat([small.subarray(0, -8), Buffer.alloc(8)]);
    expect(count([unchecked])).toEqual(count([small]));
  });

  test('a key is counted until it expires, by the time of the RDB unless another is asked for', () => {
    expect(count([small], new Date(Date.now() + 2_000_000))).not.toHaveProperty(['db0/string']);
    expect(count([small], new Date(0))).toHaveProperty(['db0/string']);
  });
});

describe('what other versions write', () => {
  test('types of redis 2 to 6', () => {
    const old = rdb(
      '0003',
      ...[key(3, 'z'), [3], text('a'), text('1.5'), text('b'), [253], text('c'), [255]],
      ...[key(9, 'zipmap'), text('x'), key(10, 'ziplist'), text('x'), key(11, 'intset'), text('x')],
      ...[
        key(12, 'zset'),
        text('x'),
        key(13, 'hash'),
        text('x'),
        key(14, 'quicklist'),
        [2],
        text('x'),
        text('y'),
      ],
      ...[[253, 0xff, 0xff, 0xff, 0x7f], key(0, 'expires'), text('x')],
      ...[
        key(15, 'stream'),
        [1],
        text('0123456789abcdef'),
        text('lp'),
        [1, 1, 1],
        [1],
        text('g'),
        [1, 1],
        [1],
        id(1),
        time(1),
        [1],
      ],
      ...[[1], text('c'), time(1), [1], id(1)],
    );
    expect(count([old.subarray(0, -8)])).toEqual({
      'db0/zset': { keys: 2, expiring: 0 },
      'db0/hash': { keys: 2, expiring: 0 },
      'db0/list': { keys: 2, expiring: 0 },
      'db0/set': { keys: 1, expiring: 0 },
      'db0/string': { keys: 1, expiring: 1 },
      'db0/stream': { keys: 1, expiring: 0 },
    });
  });

  test('types of redis 7.2 and 7.4', () => {
    const consumers = [...[1], ...text('c'), ...time(1), ...time(2), ...[1], ...id(1)];
    const recent = rdb(
      '0012',
      ...[
        [244, 1, 1, 0],
        key(20, 'set'),
        text('lp'),
        key(24, 'hash'),
        time(0),
        [2],
        [0],
        text('f'),
        text('v'),
        [5],
        text('g'),
        text('w'),
      ],
      ...[key(25, 'packed'), time(0), text('lp')],
      ...[
        key(21, 'stream'),
        [1],
        text('0123456789abcdef'),
        text('lp'),
        Array<number>(8).fill(1),
        [1],
        text('g'),
        [1, 1, 1],
        [0],
        consumers,
      ],
      ...[[245], text('#!lua name=x')],
    );
    expect(count([recent])).toEqual({
      'db0/set': { keys: 1, expiring: 0 },
      'db0/hash': { keys: 2, expiring: 0 },
      'db0/stream': { keys: 1, expiring: 0 },
      functions: { libraries: 1 },
    });
  });

  test.each([
    ['a module', rdb('0010', key(7, 'm')), /value of a module/],
    ['module data', rdb('0010', [247]), /data of a module/],
    ['a newer format', rdb('0013'), /version 13 is newer than 12/],
    ['an unknown type', rdb('0010', key(99, 'x')), /unknown type 99/],
    ['an unknown length', rdb('0010', [0, 0x8f]), /unknown length encoding/],
    ['an unknown string', rdb('0010', [0, 0xc9]), /unknown string encoding/],
    ['more behind it', Buffer.concat([rdb('0010'), Buffer.from('x')]), /follow the end/],
    ['another file', Buffer.from('PGDMP 1.14 and so on'), /not an RDB/],
  ])('%s is refused with the reason', (_title, bytes, reason) => {
    expect(() => count([bytes])).toThrow(reason);
  });
});
