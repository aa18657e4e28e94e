import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { Client } from 'pg';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';
import { broken, replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { until } from '../../kit/until.ts';

const run = testRun();
let server: TestPostgresql;

beforeAll(async () => {
  server = await startPostgresql();
}, 60_000);
afterAll(async () => {
  await server.stop();
  await run.dispose();
});

const sourceOf = (on: TestPostgresql, database: string, credentials = {}) => ({
  name: 'postgresql',
  connection: { host: on.host, port: on.port, database, sslMode: 'prefer' as const },
  credentials: { username: on.user, password: on.password, ...credentials },
});

const request = (saved: Saved, suffix: string) => ({
  mode: 'replace' as const,
  suffix,
  expected: saved.fingerprint,
  server: saved.server,
});

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const databases = () => server.psql('postgres', 'SELECT datname FROM pg_database ORDER BY 1');

test('rows are counted in the snapshot of the dump, whatever is written meanwhile', async () => {
  await server.psql('postgres', 'CREATE DATABASE moving');
  await server.psql(
    'moving',
    'CREATE TABLE log (n serial, text text); CREATE TABLE other (n int); INSERT INTO log (text) SELECT repeat(n::text, 50) FROM generate_series(1, 50000) n',
  );
  let writing = true;
  const writer = (async () => {
    while (writing)
      await server.psql(
        'moving',
        "INSERT INTO log (text) SELECT 'new' FROM generate_series(1, 100); INSERT INTO other SELECT 1 FROM generate_series(1, 10); DELETE FROM log WHERE n % 97 = 0",
      );
  })();
  await until(async () => (await server.psql('moving', 'SELECT count(*) FROM other')) !== '0');
  const source = sourceOf(server, 'moving');
  const saved = await save(postgresql.dump(run, source));
  writing = false;
  await writer;
  expect(await postgresql.inspect(run, replay(saved))).toEqual(saved.fingerprint);
  expect(await postgresql.fingerprint(run, source, run.now())).not.toEqual(saved.fingerprint);
});

describe('a change of the schema', () => {
  beforeAll(async () => {
    await server.psql('postgres', 'CREATE DATABASE fading');
    await server.psql('fading', 'CREATE TABLE a (n int); CREATE TABLE b (n int)');
  });

  const change = () => server.psql('fading', 'TRUNCATE a; DROP TABLE b');
  const waitingForLocks = () =>
    server.psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
  const refill = () => server.psql('fading', 'INSERT INTO a SELECT generate_series(1, 1000)');

  test('while the dump runs waits, and all is dumped and counted', async () => {
    await refill();
    const dump = await postgresql.dump(run, sourceOf(server, 'fading'));
    let changing: Promise<string> | undefined;
    const entries: { name: string; bytes: Buffer }[] = [];
    for await (const { name, content } of dump.entries) {
      const chunks: Buffer[] = [];
      for await (const chunk of content) {
        chunks.push(chunk);
        if (name === 'fading.dump') changing ??= change();
      }
      entries.push({ name, bytes: Buffer.concat(chunks) });
    }
    const saved = { server: dump.server, entries, fingerprint: await dump.fingerprint() };
    await dump.close();
    await changing;
    expect(saved.fingerprint).toEqual({ 'public.a': { rows: 1000 }, 'public.b': { rows: 0 } });
    expect(await postgresql.inspect(run, replay(saved))).toEqual(saved.fingerprint);
  });

  test.each(['stream', 'server'] as const)(
    'between snapshot and dump goes first, and does not hang them; count: %s',
    async (count) => {
      await refill();
      await server.psql('fading', 'CREATE TABLE IF NOT EXISTS b (n int)');
      const { connection, ...source } = sourceOf(server, 'fading');
      const dump = await postgresql.dump(run, { ...source, connection: { ...connection, count } });
      const changing = change();
      if (count === 'server') await until(async () => (await waitingForLocks()) === '1');
      else await changing;
      const saved = await save(Promise.resolve(dump));
      await changing;
      expect(saved.fingerprint).toEqual({ 'public.a': { rows: 0 } });
      expect(await postgresql.inspect(run, replay(saved))).toEqual(saved.fingerprint);
    },
    30_000,
  );

  test('between snapshot and dump that fills a table anew is dumped with its rows, not as an empty table', async () => {
    await server.psql('postgres', 'CREATE DATABASE anew');
    await server.psql('anew', 'CREATE TABLE a AS SELECT 1 AS n; CREATE TABLE b AS SELECT 1 AS n');
    const dump = await postgresql.dump(run, sourceOf(server, 'anew'));
    await server.psql(
      'anew',
      'BEGIN; TRUNCATE a; INSERT INTO a VALUES (2), (3); INSERT INTO b VALUES (2); COMMIT',
    );
    const saved = await save(Promise.resolve(dump));
    expect(saved.fingerprint).toEqual({ 'public.a': { rows: 2 }, 'public.b': { rows: 2 } });
  });
});

test('an account that may only read tables dumps everything but password hashes', async () => {
  await server.psql(
    'postgres',
    `CREATE DATABASE shared; CREATE ROLE backup LOGIN PASSWORD 'read only'; CREATE ROLE somebody PASSWORD 'x';
     ALTER ROLE backup SET statement_timeout = '1ms'`,
  );
  await server.psql(
    'shared',
    'CREATE TABLE t AS SELECT generate_series(1, 100000) n; GRANT SELECT ON t TO backup',
  );
  const reader = sourceOf(server, 'shared', { username: 'backup', password: 'read only' });
  const saved = await save(postgresql.dump(run, reader));
  expect(saved.fingerprint).toEqual({ 'public.t': { rows: 100_000 } });
  const { roles } = JSON.parse(saved.entries.find(({ name }) => name === 'roles.json')!.bytes.toString());
  expect(roles).toContainEqual(expect.objectContaining({ name: 'somebody', password: null }));
  expect(JSON.stringify(roles)).not.toContain('SCRAM-SHA-256');
});

test('an account that may not read a table is refused', async () => {
  await server.psql('postgres', "CREATE ROLE blind LOGIN PASSWORD 'blind'");
  await server.psql('postgres', 'CREATE DATABASE closed');
  await server.psql('closed', 'CREATE TABLE t (n int)');
  await expect(
    save(postgresql.dump(run, sourceOf(server, 'closed', { username: 'blind', password: 'blind' }))),
  ).rejects.toEqual(
    failure('source.refused', /permission denied for table public\.t; the account needs SELECT/),
  );
});

test('a database that does not exist is refused by name', async () => {
  await expect(postgresql.probe(run, sourceOf(server, 'grll'))).rejects.toEqual(
    failure('source.refused', /database "grll" does not exist/),
  );
});

test('a name of any characters is dumped and restored', async () => {
  const name = `host=evil 'a' "b" \\c;--ü`;
  await server.psql('postgres', `CREATE DATABASE "${name.replaceAll('"', '""')}"`);
  const client = new Client({
    host: server.host,
    port: server.port,
    user: server.user,
    password: server.password,
    database: name,
  });
  await client.connect();
  await client.query('CREATE TABLE t AS SELECT generate_series(1, 10) n');
  await client.end();
  const saved = await save(postgresql.dump(run, sourceOf(server, name)));
  const restored = await postgresql.restore(
    run,
    sourceOf(server, name),
    replay(saved),
    request(saved, 'odd'),
  );
  expect(restored).toEqual(
    expect.objectContaining({
      fingerprint: { 'public.t': { rows: 10 } },
      kept: `database ${name}_before_odd`,
    }),
  );
});

describe('a restore', () => {
  let saved: Saved;
  const source = () => sourceOf(server, 'grill');

  beforeAll(async () => {
    await server.psql(
      'postgres',
      `CREATE ROLE app LOGIN PASSWORD 'of the app'; CREATE DATABASE grill OWNER app`,
    );
    await server.psql(
      'grill',
      'SET ROLE app; CREATE TABLE users AS SELECT n, repeat(md5(n::text), 10) AS text FROM generate_series(1, 20000) n',
    );
    saved = await save(postgresql.dump(run, source()));
  });

  test('into an empty cluster creates roles with their passwords', async () => {
    const empty = await startPostgresql();
    try {
      const restored = await postgresql.restore(
        run,
        sourceOf(empty, 'grill'),
        replay(saved),
        request(saved, 'new'),
      );
      expect(restored).toEqual({ fingerprint: saved.fingerprint });
      const asApp = sourceOf(empty, 'grill', { username: 'app', password: 'of the app' });
      expect(await postgresql.fingerprint(run, asApp, run.now())).toEqual(saved.fingerprint);
    } finally {
      await empty.stop();
    }
  }, 60_000);

  test('keeps the password that a role has by now', async () => {
    await server.psql('postgres', "ALTER ROLE app PASSWORD 'changed since'");
    await postgresql.restore(run, source(), replay(saved), request(saved, 'password'));
    await postgresql.probe(run, sourceOf(server, 'grill', { username: 'app', password: 'changed since' }));
  });

  test('swaps under clients that reconnect all the time', async () => {
    let busy = true;
    const clients = Array.from({ length: 8 }, async () => {
      while (busy) await server.psql('grill', 'SELECT count(*) FROM users, pg_sleep(0.05)').catch(() => {});
    });
    const restored = await postgresql.restore(run, source(), replay(saved), request(saved, 'busy'));
    busy = false;
    await Promise.all(clients);
    expect(restored.kept).toBe('database grill_before_busy');
    expect(await databases()).toContain('grill_before_busy');
  }, 60_000);

  test('that is aborted leaves nothing behind', async () => {
    const before = await databases();
    const controller = new AbortController();
    const aborting = async function* () {
      for await (const { name, content } of replay(saved, 100_000)) {
        const watched = (async function* () {
          let chunks = 0;
          for await (const chunk of content) {
            if (++chunks === 10) controller.abort();
            yield chunk;
          }
        })();
        yield { name, content: watched };
      }
    };
    const attempt = postgresql.restore(
      { ...run, signal: controller.signal },
      source(),
      aborting(),
      request(saved, 'abort'),
    );
    await expect(attempt).rejects.toEqual(failure('run.interrupted', /pg_restore was stopped/));
    expect(await databases()).toBe(before);
  });

  test('that fails drops the roles it had created', async () => {
    const empty = await startPostgresql();
    try {
      const attempt = postgresql.restore(
        run,
        sourceOf(empty, 'grill'),
        broken(saved, new Error('cut')),
        request(saved, 'cut'),
      );
      await expect(attempt).rejects.toEqual(failure('restore.failed', /cut/));
      expect(await empty.psql('postgres', "SELECT rolname FROM pg_roles WHERE rolname = 'app'")).toBe('');
      expect(await empty.psql('postgres', 'SELECT count(*) FROM pg_database')).toBe('3');
    } finally {
      await empty.stop();
    }
  }, 60_000);

  test('whose names are taken is refused', async () => {
    await server.psql('postgres', 'CREATE DATABASE grill_before_taken');
    await expect(postgresql.restore(run, source(), replay(saved), request(saved, 'taken'))).rejects.toEqual(
      failure('restore.refused', /database grill_before_taken already exists/),
    );
  });
});

/** Process ids of this process's children that run a program. */
const children = (program: string): readonly number[] =>
  readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const [, name, parent] =
          /^\d+ \((.*)\) \S (\d+)/s.exec(readFileSync(`/proc/${pid}/stat`, 'utf8')) ?? [];
        return name === program && Number(parent) === process.pid;
      } catch {
        return false; // ended meanwhile
      }
    })
    .map(Number);

test('a dump tool that is killed half-way never ends cleanly, and no password shows in its arguments', async () => {
  await server.psql('postgres', 'CREATE DATABASE large');
  await server.psql(
    'large',
    'CREATE TABLE t AS SELECT n, repeat(md5(n::text), 20) AS text FROM generate_series(1, 60000) n',
  );
  const dump = await postgresql.dump(run, sourceOf(server, 'large'));
  const reading = (async () => {
    for await (const { name, content } of dump.entries)
      for await (const chunk of content) {
        if (!name.endsWith('.dump') || chunk.length === 0) continue;
        for (const pid of children('pg_dump')) {
          expect(readFileSync(`/proc/${pid}/cmdline`, 'utf8')).not.toContain(server.password);
          process.kill(pid, 'SIGKILL');
        }
      }
  })();
  await expect(reading).rejects.toEqual(failure('dump.failed', /pg_dump was killed by SIGKILL/));
  await dump.close();
});
