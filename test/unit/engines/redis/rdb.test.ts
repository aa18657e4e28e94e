import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Crc64 } from '../../../../runtime/src/engines/redis/crc64.ts';
import { RdbParser } from '../../../../runtime/src/engines/redis/rdb.ts';
import { seedCommands } from '../../../conformance/engines/redis.ts';
import { startRedis, type TestRedis } from '../../../kit/redis.ts';

const count = (chunks: readonly Buffer[], asOf?: Date) => {
  const parser = new RdbParser({ asOf });
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

/** An RDB around records that no server at hand writes; `0012`, or a whole magic such as `VALKEY080`. */
const rdb = (version: string, ...records: readonly (string | number[])[]): Buffer => {
  const parts = records.map((record) =>
    typeof record === 'string' ? Buffer.from(record, 'latin1') : Buffer.from(record),
  );
  const magic = version.length === 4 ? `REDIS${version}` : version;
  const body = Buffer.concat([Buffer.from(magic), ...parts, Buffer.from([0xff])]);
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

  test.each([1, 2, 13, 100, 1000])('in pieces of %i bytes it counts the same', (bytes) => {
    const pieces: Buffer[] = [];
    for (let at = 0; at < all.length; at += bytes) pieces.push(all.subarray(at, at + bytes));
    expect(count(pieces)).toEqual(count([all]));
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
      ...[key(25, 'packed'), time(0), [13, 13, 0, 0, 0, 3, 0, 1, 1, 2, 1, 0, 1, 0xff]],
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

  /** 2100-01-01 and a moment later, in ms. */
  const [late, later] = [4_102_444_800_000, 4_102_444_805_000];
  const ms = (time: number): number[] => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(time));
    return [...bytes];
  };
  const before = (time: number) => new Date(time - 1);
  const at = (time: number) => new Date(time);
  const hashes = (count: number) => (count ? { 'db0/hash': { keys: count, expiring: 0 } } : {});

  test('a hash of redis 7.4 is gone with its last field', () => {
    const mortal = [
      key(24, 'h'),
      ms(late),
      [2],
      [1],
      text('f'),
      text('v'),
      [0x53, 0x89],
      text('g'),
      text('w'),
    ];
    const immortal = [key(24, 'i'), ms(late), [2], [1], text('f'), text('v'), [0], text('g'), text('w')];
    const both = rdb('0012', ...mortal, ...immortal);
    expect(count([both], before(later))).toEqual(hashes(2));
    expect(count([both], at(later))).toEqual(hashes(1));
  });

  /** Field, value and time of two fields; the second's time is 0, for none, or `later`. */
  const packed = (...second: number[]): number[] => {
    const first = [0x81, 102, 2, 1, 1, 0xf4, ...ms(late), 9];
    const body = [...first, 0x81, 103, 2, 0xc0, 200, 2, ...second, 0xff];
    return [6 + body.length, 0, 0, 0, 6, 0, ...body];
  };

  test('a packed hash of redis 7.4 too', () => {
    const mortal = packed(0xf4, ...ms(later), 9);
    const immortal = packed(0, 1);
    const both = rdb(
      '0012',
      ...[key(25, 'h'), ms(late), [mortal.length, ...mortal]],
      ...[key(25, 'i'), ms(late), [immortal.length, ...immortal]],
    );
    expect(count([both], before(later))).toEqual(hashes(2));
    expect(count([both], at(later))).toEqual(hashes(1));
    const broken = rdb('0012', key(25, 'h'), ms(late), [8, 8, 0, 0, 0, 1, 0, 0xf5, 0xff]);
    expect(() => count([broken])).toThrow(/packed hash/);
  });

  test('a hash of valkey 9 too', () => {
    const fields = (...times: number[]) => times.flatMap((time) => [...text('f'), ...text('v'), ...ms(time)]);
    const both = rdb(
      'VALKEY080',
      ...[key(22, 'h'), [2], fields(later, late)],
      ...[key(22, 'i'), [2], fields(late, -1)],
    );
    expect(count([both], before(later))).toEqual(hashes(2));
    expect(count([both], at(later))).toEqual(hashes(1));
  });

  /** 'a' and 59 more of it, as LZF: a byte, then copies of it. */
  const sixtyLetters = [0xc3, 5, 60, 0, 97, 0xe0, 50, 0];

  test('fields about the server are read past, whatever their length and compression', () => {
    const aux = (name: string, value: number[]) => [250, ...text(name), ...value];
    const lua = rdb(
      '0009',
      aux('lua', sixtyLetters),
      aux('lua', [0x50, 0, ...Array<number>(4096).fill(97)]),
      aux('ctime', [0xc2, 0, 0, 0, 1]),
      key(0, 'k'),
      text('v'),
    );
    expect(count([lua])).toEqual({ 'db0/string': { keys: 1, expiring: 0 } });
    const short = rdb('0009', aux('lua', [0xc3, 5, 61, 0, 97, 0xe0, 50, 0]));
    expect(() => count([short])).toThrow(/not compressed as it says/);
  });

  /** Ids of module types: nine characters of 6 bits, and a version. */
  const vectorSet = [0x81, 0xbd, 0xe7, 0x2d, 0xa2, 0xbb, 0x1e, 0xb4, 0];
  const moduleValue = [2, 3, 1, 0x81, ...time(255), 3, 0, 0, 0, 0, 4, ...time(0), 5, ...text('x'), 0];

  test('what a known module wrote is read past, and counted under the name of its type', () => {
    const bytes = rdb('0012', [247, ...vectorSet, 2, 1, ...moduleValue], key(7, 'v'), [
      ...vectorSet,
      ...moduleValue,
    ]);
    expect(count([bytes])).toEqual({ 'db0/vectorset': { keys: 1, expiring: 0 } });
    const broken = rdb('0012', key(7, 'v'), [...vectorSet, 6]);
    expect(() => count([broken])).toThrow(/unknown part 6/);
  });

  test('what an RDB needs of a server', () => {
    const bytes = rdb('0011', [250, ...text('used-mem'), 0xc1, 0, 16], [254, 20], key(0, 'k'), text('v'));
    const parser = new RdbParser();
    parser.push(bytes);
    parser.finish();
    expect(parser.facts).toEqual({
      format: { flavour: 'REDIS', version: 11 },
      usedMemoryBytes: 4096,
      databases: 21,
      mortal: false,
      moduleTypes: new Set(),
    });
  });

  test.each([
    ['a module', rdb('0010', key(7, 'm'), [0x81, ...time(0)]), /module type AAAAAAAAA/],
    ['module data', rdb('0010', [247, 0x81, ...time(255)]), /module type _________/],
    ['a value of redis 9', rdb('0012', key(26, 'x')), /type 26, which is newer/],
    ['a newer format', rdb('0013'), /REDIS0013 is of a version/],
    ['a format of the future', rdb('VALKEY081'), /VALKEY081 is of a version/],
    ['a format that valkey never had', rdb('VALKEY011'), /VALKEY011 is of a version/],
    ['hashes of a pre-release', rdb('0012', key(22, 'x')), /pre-release/],
  ])('%s is not supported, which is no damage', (_title, bytes, reason) => {
    expect(() => count([bytes])).toThrow(reason);
    expect(() => count([bytes])).toThrow(expect.objectContaining({ kind: 'unsupported' }));
  });

  test.each([
    ['an unknown type', rdb('0010', key(99, 'x')), /unknown type 99/],
    ['an unknown length', rdb('0010', [0, 0x8f]), /unknown length encoding/],
    ['an unknown string', rdb('0010', [0, 0xc9]), /unknown string encoding/],
    ['more behind it', Buffer.concat([rdb('0010'), Buffer.from('x')]), /follow the end/],
    ['another file', Buffer.from('PGDMP 1.14 and so on'), /not an RDB/],
  ])('%s is refused with the reason', (_title, bytes, reason) => {
    expect(() => count([bytes])).toThrow(reason);
  });
});
