import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { redis } from '../../../runtime/src/engines/redis/index.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { startRedis, type RedisOptions, type TestRedis } from '../../kit/redis.ts';
import { testRun } from '../../kit/run.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { until } from '../../kit/until.ts';

const run = testRun();
afterAll(run.dispose);

const sourceOf = (server: TestRedis, credentials = {}) => ({
  name: 'redis',
  connection: { host: server.host, port: server.port },
  credentials: { password: server.password, ...credentials },
});

const replace = (saved: Saved) => ({
  mode: 'replace' as const,
  suffix: 'test',
  expected: saved.fingerprint,
  server: saved.server,
});

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

describe('accounts', () => {
  let server: TestRedis;
  beforeAll(async () => {
    server = await startRedis({ password: 'admin', settings: { appendonly: 'yes' } });
    await server.script([
      'SET key value',
      'ACL SETUSER backup on >dump -@all +ping +replconf +psync',
      'ACL SETUSER nobody on >none -@all +ping',
    ]);
    await server.script([
      'ACL SETUSER restorer on >back -@all +ping +replconf +psync +replicaof +info +config|get +config|set',
    ]);
  });
  afterAll(() => server.stop());

  test('a dump needs the rights that are documented, and no more', async () => {
    const saved = await save(redis.dump(run, sourceOf(server, { username: 'backup', password: 'dump' })));
    expect(saved.fingerprint).toEqual({ 'db0/string': { keys: 1, expiring: 0 } });
    await expect(redis.dump(run, sourceOf(server, { username: 'nobody', password: 'none' }))).rejects.toEqual(
      failure('source.refused', /NOPERM.*(replconf|psync)/i),
    );
  });

  test('a restore too, and it tells which one is missing before it changes anything', async () => {
    const saved = await save(redis.dump(run, sourceOf(server)));
    await server.cli('SET', 'key', 'other');
    const attempt = redis.restore(
      run,
      sourceOf(server, { username: 'backup', password: 'dump' }),
      replay(saved),
      replace(saved),
    );
    await expect(attempt).rejects.toEqual(failure('restore.refused', /NOPERM.*info/));
    expect(await server.cli('GET', 'key')).toBe('other');
    await redis.restore(
      run,
      sourceOf(server, { username: 'restorer', password: 'back' }),
      replay(saved),
      replace(saved),
    );
    expect(await server.cli('GET', 'key')).toBe('value');
  });

  test('no password is refused', async () => {
    await expect(redis.probe(run, sourceOf(server, { password: undefined }))).rejects.toEqual(
      failure('source.refused', /NOAUTH/),
    );
  });
});

describe('restore', () => {
  let server: TestRedis;
  beforeEach(async () => {
    server = await startRedis({ settings: { masterauth: 'for the old primary', masteruser: 'replicator' } });
  });
  afterEach(() => server.stop());

  test('leaves the server a primary with the settings it had, and no file behind', async () => {
    await server.cli('SET', 'key', 'value');
    const saved = await save(redis.dump(run, sourceOf(server)));
    await redis.restore(run, sourceOf(server), replay(saved), replace(saved));
    expect(await server.cli('INFO', 'replication')).toMatch(/role:master/);
    expect(await server.cli('CONFIG', 'GET', 'master*')).toContain('for the old primary');
    expect(await server.cli('CONFIG', 'GET', 'master*')).toContain('replicator');
    expect(await server.cli('SET', 'after', '1')).toBe('OK');
    expect(readdirSync(run.scratchDir)).toEqual([]);
  });

  test('an archive whose sessions have expired since is equal to its manifest', async () => {
    await server.script(['SET stays 1', 'SET session x PX 1500', 'HSET hash a 1', 'PEXPIRE hash 1500']);
    const saved = await save(redis.dump(run, sourceOf(server)));
    await until(async () => (await server.cli('EXISTS', 'session', 'hash')) === '0');
    const restored = await redis.restore(run, sourceOf(server), replay(saved), replace(saved));
    expect(saved.fingerprint).toEqual({
      'db0/string': { keys: 2, expiring: 1 },
      'db0/hash': { keys: 1, expiring: 1 },
    });
    expect(restored.fingerprint).toEqual(saved.fingerprint);
    expect(await server.cli('GET', 'session')).toBe('');
    expect(await server.cli('GET', 'stays')).toBe('1');
  });

  test('a replica is refused', async () => {
    await server.cli('SET', 'key', 'value');
    const saved = await save(redis.dump(run, sourceOf(server)));
    const primary = await startRedis();
    await server.cli('REPLICAOF', primary.host, `${primary.port}`);
    try {
      const attempt = redis.restore(run, sourceOf(server), replay(saved), replace(saved));
      await expect(attempt).rejects.toEqual(failure('restore.refused', /is a replica/));
    } finally {
      await primary.stop();
    }
  });

  test('a client that writes and reconnects all the time does not disturb the comparison', async () => {
    await server.script(['SET key value', 'DEBUG POPULATE 20000 ballast 100']);
    const saved = await save(redis.dump(run, sourceOf(server)));
    let writing = true;
    const writer = (async () => {
      for (let n = 0; writing; n += 1) await server.cli('SET', `busy:${n}`, '1').catch(() => {}); // READONLY meanwhile
    })();
    const restored = await redis.restore(run, sourceOf(server), replay(saved), replace(saved));
    writing = false;
    await writer;
    expect(restored.fingerprint).toEqual(saved.fingerprint);
  });

  test('an abort leaves a primary that takes writes', async () => {
    await server.script(['CONFIG SET rdbcompression no', 'DEBUG POPULATE 200000 ballast 200']);
    const saved = await save(redis.dump(run, sourceOf(server)));
    const controller = new AbortController();
    const attempt = redis.restore(
      { ...run, signal: controller.signal },
      sourceOf(server),
      replay(saved),
      replace(saved),
    );
    const aborted = until(async () => (await server.cli('INFO', 'replication')).includes('role:slave'));
    await Promise.all([
      expect(attempt).rejects.toEqual(failure('run.interrupted', /stopped|aborted/)),
      aborted.then(() => controller.abort()),
    ]);
    expect(await server.cli('INFO', 'replication')).toMatch(/role:master/);
    expect(readdirSync(run.scratchDir)).toEqual([]);
  });
});

test('a server that cannot store what it gets keeps its data, and the error says where to look', async () => {
  const data = workFolder('redis-data');
  const server = await startRedis({ data });
  try {
    await server.cli('SET', 'key', 'value');
    const saved = await save(redis.dump(run, sourceOf(server)));
    await server.cli('SET', 'key', 'live');
    rmSync(data, { recursive: true });
    const attempt = redis.restore(run, sourceOf(server), replay(saved), replace(saved));
    await expect(attempt).rejects.toEqual(failure('restore.failed', /asked 2 times.*log/));
    expect(await server.cli('GET', 'key')).toBe('live');
    expect(await server.cli('INFO', 'replication')).toMatch(/role:master/);
  } finally {
    mkdirSync(data);
    await server.stop();
    await removeFolder(data);
  }
}, 30_000);

const framings: readonly [string, RedisOptions][] = [
  ['from disk, with a length', { settings: { 'repl-diskless-sync': 'no' } }],
  ['without disk, with a marker', { settings: { 'repl-diskless-sync': 'yes' } }],
  ['loaded without disk', { settings: { 'repl-diskless-load': 'swapdb' } }],
  ['with an append-only file', { settings: { appendonly: 'yes' } }],
];

test.each(framings)('dump and restore %s', async (_title, options) => {
  const server = await startRedis(options);
  try {
    await server.script(['SET a 1', 'SELECT 5', 'SET b 2']);
    const saved = await save(redis.dump(run, sourceOf(server)));
    await server.cli('FLUSHALL');
    await redis.restore(run, sourceOf(server), replay(saved), replace(saved));
    expect(await server.cli('-n', '5', 'GET', 'b')).toBe('2');
    expect(await redis.fingerprint(run, sourceOf(server), run.now())).toEqual(saved.fingerprint);
  } finally {
    await server.stop();
  }
});
