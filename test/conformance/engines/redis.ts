import { readFileSync, symlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import type { Source } from '../../../runtime/src/engines/engine.ts';
import type { RedisConnection } from '../../../runtime/src/engines/redis/connection.ts';
import { captureText } from '../../kit/capture.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { startRedis } from '../../kit/redis.ts';
import type { EngineFixture, EngineServer } from './fixture.ts';
import { alterEntry, dropEntry } from './saved.ts';

const contentScript = readFileSync(join(import.meta.dirname, 'redis.lua'), 'utf8');

const cli = ({ connection, credentials }: Source, args: readonly string[]): Promise<string> => {
  const { host, port } = connection as RedisConnection;
  return captureText('redis-cli', ['-h', host, '-p', `${port}`, '-e', ...args], {
    env: { REDISCLI_AUTH: credentials.password! },
  });
};

const content = async (source: Source): Promise<string> => {
  const listed = await cli(source, ['FUNCTION', 'LIST', 'WITHCODE']).catch(() => ''); // since redis 7
  const functions = listed.split('\n').toSorted();
  return [await cli(source, ['EVAL', contentScript, '0']), ...functions].join('\n');
};

const many = (count: number, line: (n: number) => string): readonly string[] =>
  Array.from({ length: count }, (_, n) => line(n));

/** Every type in each of its encodings. */
export const seedCommands: readonly string[] = [
  ...[0, -1, 127, 300, -32_768, 70_000, 2_147_483_647, 9_007_199_254_740_993n].map(
    (n) => `SET int:${n} ${n}`,
  ),
  'SET empty ""',
  String.raw`SET "binary\x00\xff\r\nkey" "\x00\x01\xff$EOF:\r\n"`,
  `SET compressed ${'grill '.repeat(2000).replaceAll(' ', '-')}`,
  'SETRANGE sparse 100000 end',
  'RPUSH list:small a b 1 -5 70000',
  ...many(300, (n) => `RPUSH list:large ${`item-${n}-`.repeat(20)}`),
  'SADD set:ints 1 2 3 100000',
  ...many(700, (n) => `SADD set:large member-${n}`),
  'SADD set:text a b c',
  'ZADD zset:small 1.5 a -inf b +inf c',
  ...many(300, (n) => `ZADD zset:large ${n / 7} member-${n}`),
  'HSET hash:small name brisket target 95.5',
  ...many(600, (n) => `HSET hash:large field-${n} ${n}`),
  `HSET hash:long field ${'x'.repeat(1000)}`,
  ...many(150, (n) => `XADD stream ${1000 + n}-1 probe ${n % 4} value ${n * 1.5}`),
  'XDEL stream 1003-1',
  'XGROUP CREATE stream readers 0',
  'XREADGROUP GROUP readers alice COUNT 5 STREAMS stream >',
  'XREADGROUP GROUP readers bob COUNT 3 STREAMS stream >',
  'XACK stream readers 1001-1',
  'XGROUP CREATE stream idle $',
  'PFADD visitors a b c d',
  'GEOADD smokers 13.4 52.5 berlin 11.6 48.1 munich',
  'SETBIT bits 4000 1',
  ...many(50, (n) => `SET session:${n} token-${n} EX ${3600 + n}`),
  'HSET session:hash user 1',
  'EXPIRE session:hash 7200',
  'SET forever x PXAT 99999999999999',
  'SELECT 1',
  ...many(10, (n) => `SET cache:${n} ${n} PX 36000000`),
  'LPUSH queue job',
  'SELECT 3',
  'SET lonely 1',
];

const library = (name: string): string =>
  `#!lua name=${name}\nredis.register_function('${name}_f', function(keys) return 1 end)`;

const usualProgram = 'redis-server';

const start = async (program: string): Promise<EngineServer> => {
  // valkey 8 does not take quotes in its arguments
  const server = await startRedis({
    program,
    password: program === usualProgram ? 'Räucher "ofen"' : 'Räucher ofen',
  });
  const functions = await server.cli('FUNCTION', 'LIST').then(
    () => true,
    () => false, // before redis 7
  );
  const source: Source<RedisConnection> = {
    name: 'redis',
    connection: { host: server.host, port: server.port },
    credentials: { password: server.password },
  };
  return {
    source,
    content,
    seed: async () => {
      await server.script(seedCommands);
      await server.cli('EVAL', `return '${'script of redis 6 '.repeat(400)}'`, '0'); // which redis 6 saves
      if (functions)
        for (const name of ['grill', 'smoke']) await server.cli('FUNCTION', 'LOAD', library(name));
    },
    damage: async () => {
      await server.script([
        'DEL hash:large stream',
        'HSET hash:small name ruined',
        'SET new 1',
        'PERSIST session:1',
        'SWAPDB 1 2',
        ...(functions ? ['FUNCTION DELETE smoke'] : []),
      ]);
    },
    clear: async () => {
      await server.script(['FLUSHALL', ...(functions ? ['FUNCTION FLUSH'] : [])]);
    },
    enlarge: async () => {
      await server.script(['CONFIG SET rdbcompression no', 'DEBUG POPULATE 64000 ballast 1000']);
    },
    cut: async () => {
      await server.cli('CLIENT', 'KILL', 'TYPE', 'replica');
    },
    stop: server.stop,
  };
};

/** A scratch server is of the program under test: found first in PATH, under either name. */
const withProgram = async (program: string): Promise<EngineServer> => {
  if (program === usualProgram) return start(program);
  const [folder, path] = [workFolder('redis-program'), process.env.PATH];
  for (const name of ['redis-server', 'valkey-server']) symlinkSync(program, join(folder, name));
  process.env.PATH = `${folder}:${path}`;
  const server = await start(program);
  const stop = async () => {
    await server.stop();
    process.env.PATH = path;
    await removeFolder(folder);
  };
  return { ...server, stop };
};

const onRdb = (title: string, alter: (bytes: Buffer) => Buffer) => ({
  title,
  alter: (saved: Parameters<typeof alterEntry>[0]) => alterEntry(saved, '.rdb', alter),
});

const flip = (bytes: Buffer, at: number): Buffer => {
  const flipped = Buffer.from(bytes);
  flipped[at]! ^= 1;
  return flipped;
};

const fixtureOf = (program: string): EngineFixture => ({
  engine: redis,
  title: program === usualProgram ? 'Redis' : `Redis, ${basename(program)}`,
  products: ['Redis', 'Valkey'],
  start: () => withProgram(program),
  withWrongPassword: (source) => ({ ...source, credentials: { ...source.credentials, password: 'wrong' } }),
  hostile: [
    onRdb('an RDB cut in half', (bytes) => bytes.subarray(0, bytes.length >> 1)),
    onRdb('an RDB without its last byte', (bytes) => bytes.subarray(0, -1)),
    onRdb('an RDB without its end', (bytes) => bytes.subarray(0, -9)),
    onRdb('an RDB of no bytes', () => Buffer.alloc(0)),
    onRdb('an RDB with more behind it', (bytes) => Buffer.concat([bytes, Buffer.from('FLUSHALL\r\n')])),
    onRdb('an RDB twice', (bytes) => Buffer.concat([bytes, bytes])),
    onRdb('a flipped bit in a value', (bytes) => flip(bytes, bytes.indexOf('brisket'))),
    onRdb('a flipped bit in the checksum', (bytes) => flip(bytes, bytes.length - 1)),
    onRdb('noise for an RDB', () => Buffer.from('FLUSHALL\r\n'.repeat(1000))),
    { title: 'no RDB', alter: (saved) => dropEntry(saved, '.rdb') },
    { title: 'two RDBs', alter: (saved) => ({ ...saved, entries: [...saved.entries, ...saved.entries] }) },
    {
      title: 'a file of another name',
      alter: (saved) => ({
        ...saved,
        entries: [{ name: 'appendonly.aof', bytes: Buffer.from('FLUSHALL\r\n') }],
      }),
    },
  ],
});

/** Servers besides Debian's, which come from neither npm nor Debian 12: REDIS_SERVERS=/path/to/redis-server-8,/path/to/… */
const others = (process.env.REDIS_SERVERS ?? '').split(',').filter(Boolean);

export const redisPrograms: readonly string[] = [usualProgram, ...others];

export const redisFixtures: readonly EngineFixture[] = redisPrograms.map(fixtureOf);
