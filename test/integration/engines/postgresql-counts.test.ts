import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { captureText } from '../../kit/capture.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { removeFolder, unprivileged, workFolder } from '../../kit/private-server.ts';
import { testRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';

const run = testRun();
let server: TestPostgresql;

beforeAll(async () => {
  server = await startPostgresql({ settings: { wal_level: 'replica' } });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await run.dispose();
});

const sourceOf = (database: string, on = server, more: object = {}) => ({
  name: 'postgresql',
  connection: {
    host: on.host,
    port: on.port,
    database,
    sslMode: 'prefer' as const,
    contentHash: true,
    ...more,
  },
  credentials: { username: on.user, password: on.password },
});

const request = (saved: Saved, suffix: string, more: object = {}) => ({
  ...{ mode: 'replace' as const, suffix, expected: saved.fingerprint, server: saved.server },
  ...more,
});

const database = async (name: string, ...statements: readonly string[]): Promise<void> => {
  await server.psql('postgres', `CREATE DATABASE ${name}`);
  await server.psql(name, statements.join(';'));
};

const ways = ['stream', 'server'] as const;

test.each(ways)(
  'columns of inherited tables are hashed in whatever order they come back: %s',
  async (count) => {
    const name = `heirs_${count}`;
    await database(
      name,
      'CREATE TABLE p (a int); CREATE TABLE c (b int, a int); ALTER TABLE c INHERIT p; INSERT INTO c VALUES (1, 2), (3, 4)',
      'CREATE TABLE q (z text, y text); CREATE TABLE d (x int, y text, b int, a int, z text)',
      'ALTER TABLE d INHERIT c; ALTER TABLE d INHERIT q',
      `INSERT INTO d VALUES (1, 'y', 2, 3, 'z'), (4, NULL, 5, 6, '')`,
      'CREATE TABLE f () INHERITS (d); INSERT INTO f SELECT * FROM d',
    );
    const source = sourceOf(name, server, { count });
    const saved = await save(postgresql.dump(run, source));
    const restored = await postgresql.restore(run, source, replay(saved), request(saved, 'x'));
    expect(restored.fingerprint).toEqual(saved.fingerprint);
    await server.psql(name, 'UPDATE d SET a = 7 WHERE a = 6');
    expect(await postgresql.fingerprint(run, source, run.now())).not.toEqual(saved.fingerprint);
  },
);

describe('rows of an inherited table in columns of others are seen where a dump brings them back with values exchanged', () => {
  const holders = { c: 'c', 'c[]': 'ARRAY[c]', dom: 'c', comp: `ROW(c, 'x')::comp` };
  const fill = Object.values(holders).map((value, index) => `INSERT INTO h${index} SELECT ${value} FROM c`);

  beforeAll(() =>
    database(
      'holders',
      'CREATE TABLE p (a int); CREATE TABLE c (b int, a int); ALTER TABLE c INHERIT p; INSERT INTO c VALUES (1, 2)',
      'CREATE DOMAIN dom AS c; CREATE TYPE comp AS (inside c, t text)',
      ...Object.keys(holders).map((type, index) => `CREATE TABLE h${index} (v ${type})`),
      ...fill,
      'CREATE TABLE none (v c)',
    ),
  );

  test.each(ways)('%s', async (count) => {
    const source = sourceOf('holders', server, { count });
    const saved = await save(postgresql.dump(run, source));
    const trial = { mode: 'trial' as const };
    await expect(
      postgresql.restore(run, source, replay(saved), request(saved, count, trial)),
    ).rejects.toMatchObject({
      code: 'restore.mismatch',
      message: expect.stringMatching(/^(?!.*public\.(c|none) (rows|content|hash)).*h0.*h1.*h2.*h3/),
    });
  });

  test('and told by the names of the columns, by which somebody can accept it', async () => {
    const source = sourceOf('holders');
    const saved = await save(postgresql.dump(run, source));
    const accept = Object.keys(holders).map((_, index) => `mismatch:public.h${index}`);
    const { accepted } = await postgresql.restore(
      run,
      source,
      replay(saved),
      request(saved, 'accepted', { mode: 'trial' as const, accept }),
    );
    expect(accepted).toContain('public.h0 rowTypes: expected public.c (b, a), found public.c (a, b)');
  });

  test('by queries only where values differ', async () => {
    await server.psql(
      'holders',
      `TRUNCATE c, h0, h1, h2, h3; INSERT INTO c VALUES (3, 3); ${fill.join(';')}`,
    );
    const source = sourceOf('holders', server, { count: 'server' });
    const alike = await save(postgresql.dump(run, source)); // an exchange changes nothing here
    const restored = await postgresql.restore(run, source, replay(alike), request(alike, 'alike'));
    expect(restored.fingerprint).toEqual(alike.fingerprint);
  });
});

test('names of objects read the same, whatever search_path the account has', async () => {
  await database(
    'names',
    `CREATE SCHEMA s; CREATE TABLE s.t (a int); CREATE TABLE refs AS SELECT 's.t'::regclass r`,
  );
  await server.psql('postgres', `ALTER DATABASE names SET search_path TO s, public`);
  const source = sourceOf('names');
  const saved = await save(postgresql.dump(run, source));
  await postgresql.restore(run, source, replay(saved), request(saved, 'x', { into: 'names_copy' }));
});

test('two tables whose names read alike are two items', async () => {
  await database(
    'alike',
    'CREATE SCHEMA "a.b"; CREATE TABLE "a.b".c AS SELECT 1 AS x',
    'CREATE SCHEMA a; CREATE TABLE a."b.c" AS SELECT generate_series(1, 2) AS x',
  );
  const source = sourceOf('alike', server, { contentHash: false });
  const saved = await save(postgresql.dump(run, source));
  expect(saved.fingerprint).toEqual({ '"a.b".c': { rows: 1 }, 'a."b.c"': { rows: 2 } });
  expect(await postgresql.inspect(run, replay(saved))).toEqual(saved.fingerprint);
  await server.psql('alike', 'DELETE FROM a."b.c"');
  const scope = { only: ['a."b.c"'] };
  await postgresql.restore(run, source, replay(saved), request(saved, 'only', scope));
  expect(await postgresql.fingerprint(run, source, run.now())).toMatchObject(saved.fingerprint);
});

test('a large object of more than 1 GiB is hashed', async () => {
  await database(
    'giant',
    `DO $$ DECLARE fd int; BEGIN
       PERFORM lo_create(4711); PERFORM lo_from_bytea(4712, 'small');
       fd := lo_open(4711, 131072); PERFORM lo_lseek64(fd, 1100000000, 0); PERFORM lowrite(fd, 'end');
     END $$`,
  );
  const source = sourceOf('giant', server, { count: 'server' });
  const before = await postgresql.fingerprint(run, source, run.now());
  expect(before['large objects']).toEqual({ objects: 2, hash: expect.stringMatching(/^[0-9a-f]{32}$/) });
  await server.psql('giant', `SELECT lo_put(4711, 1099999999, 'x')`);
  expect(await postgresql.fingerprint(run, source, run.now())).not.toEqual(before);
}, 120_000);

test('a partitioned table that somebody changes is waited for, as any other', async () => {
  await database(
    'parts',
    `CREATE TABLE whole (n int) PARTITION BY LIST (n); CREATE TABLE part PARTITION OF whole FOR VALUES IN (1); INSERT INTO whole VALUES (1)`,
  );
  const { host, port, user, password } = server;
  const other = new Client({ host, port, user, password, database: 'parts' });
  await other.connect();
  await other.query('BEGIN; LOCK TABLE ONLY whole IN ACCESS EXCLUSIVE MODE');
  const saving = save(postgresql.dump(run, sourceOf('parts')));
  const waiting = `SELECT application_name FROM pg_stat_activity WHERE wait_event_type = 'Lock'`;
  await until(async () => (await server.psql('postgres', waiting)) === 'grill-backup');
  await other.query('COMMIT');
  await other.end();
  expect((await saving).fingerprint).toMatchObject({ 'public.part': { rows: 1 } });
}, 60_000);

test('a standby with an unlogged table is backed up, whose rows only the primary has', async () => {
  await database('unlogged', 'CREATE UNLOGGED TABLE u AS SELECT 1 AS a; CREATE TABLE t AS SELECT 1 AS a');
  const folder = workFolder('standby');
  const data = join(folder, 'data');
  const { host, port, user, password, binDir } = server;
  await server.psql('postgres', 'SELECT 1');
  const args = ['-h', host, '-p', `${port}`, '-U', user, '-D', data, '-R', '-X', 'stream', '-c', 'fast'];
  await captureText(join(binDir, 'pg_basebackup'), args, { ...unprivileged, env: { PGPASSWORD: password } });
  const standby = await startPostgresql({ data, password });
  try {
    const saved = await save(postgresql.dump(run, sourceOf('unlogged', standby)));
    expect(saved.fingerprint).toMatchObject({ 'public.t': { rows: 1 }, 'public.u': { rows: 0 } });
    await postgresql.restore(run, sourceOf('unlogged'), replay(saved), request(saved, 'x'));
  } finally {
    await standby.stop();
    await removeFolder(folder);
  }
}, 120_000);

test('a mismatch that a person has judged is accepted by name, and told', async () => {
  await database('judged', 'CREATE TABLE a AS SELECT 1 AS x; CREATE TABLE b AS SELECT 1 AS x');
  const source = sourceOf('judged', server, { contentHash: false });
  const saved = await save(postgresql.dump(run, source));
  const wrong = { ...saved, fingerprint: { ...saved.fingerprint, 'public.a': { rows: 5 } } };
  await expect(postgresql.restore(run, source, replay(saved), request(wrong, 'no'))).rejects.toEqual(
    expect.objectContaining({
      code: 'restore.mismatch',
      hint: expect.stringMatching(/--accept mismatch:<item>/),
    }),
  );
  const accept = ['mismatch:public.a'];
  const restored = await postgresql.restore(run, source, replay(saved), request(wrong, 'yes', { accept }));
  expect(restored.accepted).toEqual(['public.a rows: expected 5, found 1']);
});

const encoded = async (name: string, encoding: string, ...statements: readonly string[]): Promise<void> => {
  await server.psql('postgres', `CREATE DATABASE ${name} TEMPLATE template0 ENCODING ${encoding} LOCALE 'C'`);
  await server.psql(name, `SET client_encoding TO SQL_ASCII; ${statements.join(';')}`);
};

const comesBack = async (name: string, counts: object): Promise<void> => {
  const source = sourceOf(name);
  const saved = await save(postgresql.dump(run, source));
  expect(saved.fingerprint).toEqual(counts);
  const rows = Object.entries(saved.fingerprint).map(([item, measures]) => [
    item,
    { rows: measures['rows'] },
  ]);
  expect(await postgresql.inspect(run, replay(saved))).toEqual(Object.fromEntries(rows));
  await postgresql.restore(run, source, replay(saved), request(saved, 'whole'));
  expect(await postgresql.fingerprint(run, source, run.now())).toEqual(saved.fingerprint);
  const only = [Object.keys(saved.fingerprint)[0]!];
  await postgresql.restore(run, source, replay(saved), request(saved, 'only', { only }));
  expect(await postgresql.fingerprint(run, source, run.now())).toMatchObject(saved.fingerprint);
};

describe('a database without an encoding', () => {
  test.each([
    ['table', String.raw`CREATE TABLE "%s" (a int)`, String.raw`public.gr\xfcn`],
    ['schema', String.raw`CREATE SCHEMA "%s"; CREATE TABLE "%s".t (a int)`, String.raw`gr\xfcn.t`],
  ])('whose %s has a name that is no UTF-8 is refused, and named', async (kind, sql, name) => {
    const create = sql.replaceAll('%s', `' || E'gr\\xfcn' || '`);
    await encoded(`bytes_${kind}`, 'SQL_ASCII', `DO $$ BEGIN EXECUTE '${create}'; END $$`);
    const source = sourceOf(`bytes_${kind}`);
    const refused = expect.objectContaining({
      code: 'source.unsupported',
      message: expect.stringContaining(`SQL_ASCII, and the name of table ${name} is not valid UTF-8; rename`),
    });
    await expect(postgresql.probe(run, source)).rejects.toEqual(refused);
    await expect(postgresql.dump(run, source)).rejects.toEqual(refused);
  });

  test('with other texts that are no UTF-8 says so', async () => {
    await encoded('bytes_comment', 'SQL_ASCII', 'CREATE TABLE t (a int)');
    await server.psql(
      'bytes_comment',
      String.raw`SET client_encoding TO SQL_ASCII; COMMENT ON DATABASE bytes_comment IS E'gr\xfcn'`,
    );
    await expect(postgresql.dump(run, sourceOf('bytes_comment'))).rejects.toEqual(
      expect.objectContaining({
        code: 'dump.failed',
        message: expect.stringMatching(/setting or comment is not valid UTF-8/),
      }),
    );
  });

  test('whose data alone is no UTF-8 comes back byte for byte', async () => {
    await encoded('bytes', 'SQL_ASCII', String.raw`CREATE TABLE "grün" AS SELECT E'\xfc\xff' AS x`);
    await comesBack('bytes', { 'public.grün': { rows: 1, content: expect.any(String) } });
  });
});

test.each([
  ['LATIN9', 'prix €'],
  ['KOI8R', 'дым'],
  ['EUC_JP', '煙'],
])('names in a database of encoding %s are read as such', async (encoding, text) => {
  const name = `in_${encoding.toLowerCase()}`;
  await server.psql('postgres', `CREATE DATABASE ${name} TEMPLATE template0 ENCODING ${encoding} LOCALE 'C'`);
  await server.psql(
    name,
    `SET client_encoding TO UTF8; CREATE TABLE "${text}" ("${text}" text PRIMARY KEY); INSERT INTO "${text}" VALUES ('${text}');
     CREATE TABLE "a ${text}" (r text CONSTRAINT "${text}" REFERENCES "${text}"); INSERT INTO "a ${text}" VALUES ('${text}');
     COMMENT ON CONSTRAINT "${text}" ON "a ${text}" IS '${text}'`,
  );
  await comesBack(name, {
    [`public.a ${text}`]: { rows: 1, content: expect.any(String) },
    [`public.${text}`]: { rows: 1, content: expect.any(String) },
  });
});
