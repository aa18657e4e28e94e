import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import { Writable } from 'node:stream';
import { connect } from '../../../runtime/src/engines/redis/client.ts';
import type { RestoreScope } from '../../../runtime/src/engines/engine.ts';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testRun } from '../../kit/run.ts';
import { replay, save } from '../../conformance/engines/saved.ts';

/** Text that would do something where it were taken for a command, a pattern, markup or a line of its own. */
const snippets = [
  '',
  '\0',
  '\r\n',
  '\n*1\r\n$8\r\nFLUSHALL\r\n',
  '$-1\r\n',
  '$0\r\n',
  '+OK\r\n',
  '-ERR no\r\n',
  '*',
  '?',
  '[a-z]',
  String.raw`\*`,
  'db0/',
  'db1',
  '\xff\xfe',
  '\u001b[2J\u001b]0;title\u0007',
  '<script>alert(1)</script>',
  '| a | b |\n|---|---|',
  '$(touch /tmp/pwned)`id`',
  "'; FLUSHALL; --",
  '{"key":1}',
  '$EOF:0123456789012345678901234567890123456789',
  'REPLICAOF NO ONE',
  '\ud83d\udd25',
];

const name = fc
  .array(fc.oneof(fc.constantFrom(...snippets), fc.string({ maxLength: 8, unit: 'binary' })), {
    maxLength: 4,
  })
  .map((parts) => Buffer.from(parts.join('')).toString('latin1'));

const seen: string[] = [];
const sink = new Writable({
  write: (chunk: Buffer, _encoding, done) => {
    seen.push(chunk.toString('latin1'));
    done();
  },
});
const run = testRun({ log: pino({ level: 'trace' }, sink) });
afterAll(run.dispose);

let from: TestRedis;
let to: TestRedis;

beforeEach(async () => {
  [from, to] = [await startRedis(), await startRedis()];
});
afterEach(() => Promise.all([from.stop(), to.stop()]));

const sourceOf = ({ host, port }: TestRedis) => ({
  name: 'redis',
  connection: { host, port },
  credentials: {},
});

/** Puts names wherever a client may put text. */
const seed = async (server: TestRedis, names: readonly string[]): Promise<void> => {
  const client = await connect(run, sourceOf(server), 'latin1');
  for (const [index, text] of names.entries())
    await client.commands([
      ['SET', `s:${text}`, text],
      ['SET', text, 'a key of that very name', 'EX', '86400'],
      ['HSET', `h:${index}`, text, text],
      ['ZADD', `z:${index}`, '1', text],
      ['XADD', `x:${index}`, '*', text, text],
      ['XGROUP', 'CREATE', `x:${index}`, text, '0'],
      ['XREADGROUP', 'GROUP', text, `c${text}`, 'STREAMS', `x:${index}`, '>'],
    ]);
  const lines = names.map((text) => JSON.stringify(Buffer.from(text, 'latin1').toString('hex')));
  const code = `#!lua name=odd\n-- ${lines.join(' ')}\nredis.register_function('f', function() return "*/ ]] $(id)" end)`;
  await client.command('FUNCTION', 'LOAD', code);
  client.close();
};

const digest = (server: TestRedis) => server.cli('DEBUG', 'DIGEST');
const functions = (server: TestRedis) => server.cli('FUNCTION', 'LIST', 'WITHCODE');

const ways: readonly { title: string; scope: RestoreScope; functions: boolean }[] = [
  { title: 'in place', scope: {}, functions: true },
  { title: 'by a merge', scope: { merge: true }, functions: true },
  { title: 'by a pattern', scope: { only: ['*'] }, functions: false },
  { title: 'by a database', scope: { only: ['db0'] }, functions: false },
];

test.each(ways)(
  'whatever names keys, fields, groups and consumers have, all comes back $title',
  async (way) => {
    const runs = Number(process.env.HOSTILE_RUNS ?? 3);
    const property = fc.asyncProperty(fc.array(name, { minLength: 20, maxLength: 40 }), async (names) => {
      for (const server of [from, to]) await server.script(['FLUSHALL', 'FUNCTION FLUSH']);
      await seed(from, names);
      const saved = await save(redis.dump(run, sourceOf(from)));
      await redis.restore(run, sourceOf(to), replay(saved), {
        ...{ mode: 'replace', suffix: 'odd', expected: saved.fingerprint, server: saved.server },
        ...way.scope,
      });
      expect(await digest(to)).toBe(await digest(from));
      if (way.functions) expect(await functions(to)).toBe(await functions(from));
      expect(Object.keys(saved.fingerprint).toSorted()).toEqual([
        ...['hash', 'stream', 'string', 'zset'].map((type) => `db0/${type}`),
        'functions',
      ]);
    });
    await fc.assert(property, { numRuns: runs, endOnFailure: true });
    expect(seen.join('')).not.toMatch(/touch|script|FLUSHALL/); // no name of the database reaches a log
  },
);

/** What a pattern chooses is what KEYS says, byte by byte. */
test('patterns choose by bytes, and a key that looks like a database is reached through its own', async () => {
  const client = await connect(run, sourceOf(from), 'latin1');
  const odd = ['a\xff', 'b\xff', 'db1/x', 'q?', 'q1', 'n\nl'];
  await client.commands(odd.map((key) => ['SET', key, key]));
  client.close();
  const saved = await save(redis.dump(run, sourceOf(from)));
  const count = async (pattern: string): Promise<number> => {
    await to.cli('FLUSHALL');
    const request = {
      mode: 'replace' as const,
      suffix: 'x',
      expected: saved.fingerprint,
      server: saved.server,
    };
    await redis.restore(run, sourceOf(to), replay(saved), { ...request, only: [pattern] });
    return Number(await to.cli('DBSIZE'));
  };
  expect(await count('a?')).toBe(1);
  expect(await count('q\\?')).toBe(1);
  expect(await count('q?')).toBe(2);
  expect(await count('db0/db1/*')).toBe(1);
  expect(await count('n\nl')).toBe(1);
  await expect(count('db1/x')).rejects.toThrow(/holds no key of db1\/x/);
});
