import { afterAll, afterEach, beforeEach, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RestoreScope } from '../../../runtime/src/engines/engine.ts';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testRun } from '../../kit/run.ts';
import { seedCommands } from '../../conformance/engines/redis.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';

const run = testRun();
afterAll(run.dispose);

const password = 'Räucher "ofen"';
const contentScript = readFileSync(join(import.meta.dirname, '../../conformance/engines/redis.lua'), 'utf8');
const library = `#!lua name=grill\nredis.register_function('grill_f', function(keys) return 1 end)`;

let server: TestRedis;
let saved: Saved;
let before: string;

const source = (credentials = {}) => ({
  name: 'redis',
  connection: { host: server.host, port: server.port },
  credentials: { password, ...credentials },
});

const restore = (scope: RestoreScope, credentials = {}) =>
  redis.restore(run, source(credentials), replay(saved), {
    ...{ mode: 'replace', suffix: 'keys', expected: saved.fingerprint, server: saved.server },
    ...scope,
  });

const content = () => server.cli('EVAL', contentScript, '0');

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

beforeEach(async () => {
  server = await startRedis({ password, settings: { appendonly: 'yes' } });
  await server.script(seedCommands);
  await server.cli('FUNCTION', 'LOAD', library);
  before = await content();
  saved = await save(redis.dump(run, source()));
}, 60_000);
afterEach(() => server.stop());

test('a merge brings back every key of every type and all functions, and leaves other keys alone', async () => {
  await server.script([
    'SET newer 1',
    'DEL hash:large stream zset:small',
    'PERSIST session:1',
    'FUNCTION FLUSH',
  ]);
  await server.cli('SET', 'list:large', 'of another type');
  const { fingerprint } = await restore({ merge: true });
  expect(fingerprint).toEqual(saved.fingerprint);
  expect(await server.cli('GET', 'newer')).toBe('1');
  await server.cli('DEL', 'newer');
  expect(await content()).toBe(before);
  expect(await server.cli('FUNCTION', 'LIST')).toContain('grill_f');
  expect(readdirSync(run.scratchDir)).toEqual([]);
});

test('only a pattern takes the place of what matches it, and nothing else changes', async () => {
  await server.script(['SET session:1 ruined', 'DEL session:2', 'SET session:new 1', 'SET int:0 changed']);
  const { fingerprint } = await restore({ only: ['session:*'] });
  expect(fingerprint).toEqual({
    'db0/string': { keys: 50, expiring: 50 },
    'db0/hash': { keys: 1, expiring: 1 },
  });
  expect(await server.cli('EXISTS', 'session:new')).toBe('0');
  expect(await server.cli('GET', 'int:0')).toBe('changed');
  await server.cli('SET', 'int:0', '0');
  expect(await content()).toBe(before);
});

test('only a database, whatever the others hold', async () => {
  await server.script(['SELECT 1', 'FLUSHDB', 'SET new 1', 'SELECT 3', 'SET lonely 2']);
  await restore({ only: ['db1'] });
  expect(await server.cli('-n', '3', 'GET', 'lonely')).toBe('2');
  await server.cli('-n', '3', 'SET', 'lonely', '1');
  expect(await content()).toBe(before);
});

test('only a part, where the server has keys in a database that a usual server lacks', async () => {
  const wide = await startRedis({ password, settings: { databases: '32' } });
  const only = (part: string) =>
    redis.restore(run, { ...source(), connection: { host: wide.host, port: wide.port } }, replay(saved), {
      ...{ mode: 'replace', suffix: 'keys', expected: saved.fingerprint, server: saved.server, only: [part] },
    });
  try {
    await wide.script(['SET new 1', 'SELECT 20', 'SET far away', 'SET session:far 1']);
    await only('db0');
    expect(await wide.cli('EXISTS', 'new')).toBe('0');
    expect(await wide.cli('GET', 'session:1')).toBe('token-1');
    expect(await wide.cli('-n', '20', 'DBSIZE')).toBe('2');
    await only('session:*');
    expect(await wide.cli('-n', '20', 'KEYS', '*')).toBe('far');
  } finally {
    await wide.stop();
  }
});

test('only with merge removes nothing', async () => {
  await server.script(['SET session:new 1', 'DEL session:1']);
  await restore({ only: ['db0/session:*'], merge: true });
  expect(await server.cli('MGET', 'session:new', 'session:1')).toBe('1\ntoken-1');
});

test('into a database of another number, which must be empty', async () => {
  await restore({ only: ['db1'], into: '7' });
  expect(await server.cli('-n', '7', 'DBSIZE')).toBe('11');
  expect(await content()).toBe(before);
  await expect(restore({ only: ['db1'], into: '7' })).rejects.toEqual(
    failure('restore.refused', /database 7 is not empty: it holds 11 keys/),
  );
  await expect(restore({ into: '8' })).rejects.toEqual(failure('restore.refused', /databases 0, 1, 3/));
});

test('a pattern that the archive has nothing of is refused, and removes nothing', async () => {
  await server.cli('SET', 'typo:1', '1');
  await expect(restore({ only: ['typo:*'] })).rejects.toEqual(
    failure('restore.refused', /holds no key of typo:/),
  );
  expect(await server.cli('GET', 'typo:1')).toBe('1');
});

test('needs the rights that are documented, and tells which one is missing', async () => {
  const rights =
    '+ping +info +select +scan +dbsize +multi +exec +type +pexpiretime +restore +unlink +function|restore';
  await server.cli('ACL', 'SETUSER', 'keys', 'on', '>one', '~*', '-@all', ...rights.split(' '));
  const credentials = { username: 'keys', password: 'one' };
  await server.cli('DEL', 'session:1');
  await restore({ only: ['session:*'] }, credentials);
  expect(await content()).toBe(before);
  await restore({ merge: true }, credentials);
  await server.cli('ACL', 'SETUSER', 'keys', '-restore');
  await expect(restore({ only: ['session:*'] }, credentials)).rejects.toEqual(
    failure('restore.refused', /NOPERM.*restore/),
  );
});

test('a name for a database is refused', () => {
  expect(redis.refusal({ into: 'copy' })).toMatch(/numbers/);
});
