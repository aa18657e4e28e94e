import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { identifier, literal } from '../../../runtime/src/engines/postgresql/client.ts';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import type { RestoreScope } from '../../../runtime/src/engines/engine.ts';
import { captureText } from '../../kit/capture.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';
import { alterEntry, replay, save, type Saved } from '../../conformance/engines/saved.ts';

const run = testRun();
let server: TestPostgresql;
let saved: Saved;
let number = 0;

const schema = `
  CREATE TABLE users (id serial PRIMARY KEY, name text UNIQUE CHECK (name <> ''));
  INSERT INTO users (name) SELECT 'user ' || n FROM generate_series(1, 500) n;
  CREATE TABLE devices (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, owner int REFERENCES users ON DELETE CASCADE, label text);
  INSERT INTO devices (owner, label) SELECT n, 'device ' || n FROM generate_series(1, 300) n;
  CREATE INDEX devices_label ON devices (label); COMMENT ON TABLE devices IS 'all of them'; COMMENT ON CONSTRAINT devices_owner_fkey ON devices IS 'who';
  ALTER TABLE devices ENABLE ROW LEVEL SECURITY; CREATE POLICY own ON devices TO reader USING (owner = 1); GRANT SELECT ON devices TO reader;
  CREATE TABLE notes (n int); INSERT INTO notes VALUES (1); CREATE VIEW seen AS SELECT n FROM notes;
  CREATE TABLE parts (n int) PARTITION BY RANGE (n); CREATE TABLE parts_1 PARTITION OF parts DEFAULT; INSERT INTO parts VALUES (1);
  SELECT lo_from_bytea(7, 'x'); CREATE MATERIALIZED VIEW summed AS SELECT count(*) FROM parts;`;

const source = () => ({
  name: 'postgresql',
  connection: { host: server.host, port: server.port, database: 'shop', sslMode: 'prefer' as const },
  credentials: { username: server.user, password: server.password },
});

const restore = (scope: RestoreScope, from: Saved = saved) =>
  postgresql.restore(run, source(), replay(from), {
    ...{ mode: 'replace' as const, suffix: `n${(number += 1)}`, ...scope },
    ...{ expected: saved.fingerprint, server: saved.server },
  });

const shop = (sql: string) => server.psql('shop', sql);

const dumped = async (): Promise<readonly string[]> => {
  const address = [
    '-h',
    server.host,
    '-p',
    `${server.port}`,
    '-U',
    server.user,
    '-d',
    'shop',
    '--restrict-key=none',
  ];
  const env = { PGPASSWORD: server.password };
  const text = await captureText(`${server.binDir}/pg_dump`, [...address, '--schema=public'], { env });
  return text.split('\n').toSorted(); // in another order where ids changed
};

const failure = (code: string, message: RegExp) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) });

const databases = () => server.psql('postgres', 'SELECT datname FROM pg_database ORDER BY 1');
const schemas = () =>
  shop(`SELECT nspname FROM pg_namespace WHERE nspname !~ '^(pg_|information)' ORDER BY 1`);

beforeAll(async () => {
  server = await startPostgresql();
  await server.psql('postgres', 'CREATE ROLE reader');
}, 60_000);
beforeEach(async () => {
  await server.psql('postgres', 'DROP DATABASE IF EXISTS shop WITH (FORCE)');
  await server.psql('postgres', 'CREATE DATABASE shop');
  await shop(schema);
  saved ??= await save(postgresql.dump(run, source()));
}, 60_000);
afterAll(async () => {
  await server.stop();
  await run.dispose();
});

describe('only a table', () => {
  test('takes the place of its namesake, which is kept; undo brings that back', async () => {
    const before = await dumped();
    await shop(`UPDATE devices SET label = 'lost'; ALTER TABLE devices DROP COLUMN label CASCADE; DELETE FROM devices WHERE id > 10;
      INSERT INTO users (name) VALUES ('written since')`);
    const damaged = await dumped();
    const restored = await restore({ only: ['public.devices'] });
    const suffix = `n${number}`;
    expect(restored.fingerprint).toEqual({ 'public.devices': { rows: 300 } });
    expect(restored.kept).toBe(`table public_before_${suffix}.devices`);
    expect(await shop(`SELECT count(*) FROM public_before_${suffix}.devices`)).toBe('10');
    expect(await shop('SELECT count(*) FROM users')).toBe('501');
    expect(await shop('INSERT INTO devices (owner) VALUES (501) RETURNING id')).toBe('301');
    await shop(`DELETE FROM devices WHERE id = 301; SELECT setval('devices_id_seq', 300);
      DELETE FROM users WHERE id = 501; SELECT setval('users_id_seq', 500)`);
    expect(await dumped()).toEqual(before);
    await captureText('/bin/sh', ['-c', restored.undo!], { env: { PGPASSWORD: server.password } });
    await shop(`INSERT INTO users (name) VALUES ('written since')`);
    expect(await dumped()).toEqual(damaged);
    expect(await databases()).not.toContain('restore');
  });

  test('that is lost comes back with its foreign keys', async () => {
    const before = await dumped();
    await shop('DROP TABLE devices');
    expect(await restore({ only: ['public.devices'] })).toEqual({
      fingerprint: { 'public.devices': { rows: 300 } },
    });
    expect(await dumped()).toEqual(before);
    expect(await schemas()).toBe('public');
  });

  test('whose foreign keys have SQL and lines of psql in their names gives nobody a right', async () => {
    const attack = ['\n\\restrict z', ' CHECK (true);ALTER ROLE reader SUPERUSER;--'];
    const add = (name: string) =>
      `ALTER TABLE devices ADD CONSTRAINT ${identifier(name)} FOREIGN KEY (owner) REFERENCES users;`;
    const comment = (name: string) =>
      `COMMENT ON CONSTRAINT ${identifier(name)} ON devices IS ${literal(name)};`;
    const others = ['a\nSET client_encoding = "', `b';\n\\unrestrict`];
    await shop([...attack.map(add), ...others.map(add), ...others.map(comment)].join('\n'));
    const before = await dumped();
    const hostile = await save(postgresql.dump(run, source()));
    await shop('DROP TABLE devices');
    await restore({ only: ['public.devices'] }, hostile);
    expect(await shop(`SELECT rolsuper FROM pg_roles WHERE rolname = 'reader'`)).toBe('f');
    expect(await dumped()).toEqual(before);
  });

  test('with comments on its foreign keys comes back from a database with strings of the old kind', async () => {
    await shop(
      String.raw`COMMENT ON CONSTRAINT devices_owner_fkey ON devices IS 'a\b''\\'; ALTER DATABASE shop SET standard_conforming_strings = off`,
    );
    const before = await dumped();
    const old = await save(postgresql.dump(run, source()));
    await shop('DROP TABLE devices');
    await restore({ only: ['public.devices'] }, old);
    expect(await dumped()).toEqual(before);
  });

  test('and those that refer to it come back together', async () => {
    const before = await dumped();
    await shop('DELETE FROM users');
    await restore({ only: ['public.users', 'public.devices'], jobs: 2 });
    expect(await dumped()).toEqual(before);
  });

  test.each([
    [
      'public.users',
      /constraint devices_owner_fkey on table .*devices would keep using the old public.users/,
    ],
    ['public.notes', /view .*seen would keep using the old public.notes.*--into/],
    ['public.parts_1', /parts_1 belongs to a partitioned/],
    ['public.parts', /the archive holds no table public.parts;/],
    ['large objects', /the archive holds no table large objects/],
  ])('%s is refused where a swap would break what depends on it', async (only, message) => {
    const before = [await dumped(), await databases()];
    await expect(restore({ only: [only] })).rejects.toEqual(failure('restore.refused', message));
    expect([await dumped(), await databases()]).toEqual(before);
  });

  test('whose rows refer to lost ones is refused, and nothing changes', async () => {
    await shop('DELETE FROM users WHERE id = 1');
    const before = [await dumped(), await databases(), await schemas()];
    await expect(restore({ only: ['public.devices'] })).rejects.toEqual(
      failure('restore.refused', /does not take the table: .*devices_owner_fkey/),
    );
    expect([await dumped(), await databases(), await schemas()]).toEqual(before);
  });

  test('comes back by an account that is no more than a member of its owner', async () => {
    await server.psql(
      'postgres',
      `CREATE ROLE keeper; CREATE ROLE worker LOGIN CREATEDB PASSWORD 'secret' IN ROLE keeper`,
    );
    await server.psql('postgres', 'CREATE DATABASE kept OWNER keeper');
    const kept = (sql: string) => server.psql('kept', sql);
    await kept('SET ROLE keeper; CREATE TABLE toys (id serial); INSERT INTO toys DEFAULT VALUES');
    const own = {
      ...source(),
      connection: { ...source().connection, database: 'kept' },
      credentials: { username: 'worker', password: 'secret' },
    };
    const { fingerprint, server: version, ...of } = await save(postgresql.dump(run, own));
    await kept('DELETE FROM toys');
    const scope = { only: ['public.toys'], mode: 'replace' as const, suffix: 'member' };
    const request = { ...scope, expected: fingerprint, server: version };
    await postgresql.restore(run, own, replay({ fingerprint, server: version, ...of }), request);
    expect(
      await kept(
        'SELECT count(*), tableowner FROM toys, pg_tables WHERE tablename = $$toys$$ AND schemaname = $$public$$ GROUP BY 2',
      ),
    ).toBe('1|keeper');
  });

  test('goes into another database, whatever depends on it', async () => {
    const before = await dumped();
    const into = `copy_${(number += 1)}`;
    await restore({ only: ['public.notes', 'public.parts_1'], into });
    const rows =
      'SELECT (SELECT count(*) FROM notes), (SELECT count(*) FROM parts), (SELECT count(*) FROM users)';
    expect(await server.psql(into, rows)).toBe('1|1|0');
    expect(await dumped()).toEqual(before);
  });
});

describe('refusals', () => {
  test('another name must be new', async () => {
    await expect(restore({ into: 'shop' })).rejects.toEqual(
      failure('restore.refused', /database shop already exists/),
    );
    await expect(restore({ into: 'x'.repeat(64) })).rejects.toEqual(failure('restore.refused', /63 bytes/));
  });

  test('jobs need room for the dump', async () => {
    const attempt = postgresql.restore(run, source(), replay(saved), {
      ...{ mode: 'replace', suffix: 'room', expected: saved.fingerprint, server: saved.server },
      ...{ jobs: 2, sourceBytes: 1e18 },
    });
    await expect(attempt).rejects.toEqual(failure('restore.refused', /need the dump in a file of .*free/));
  });

  const settings = (alter: (json: string) => string) =>
    alterEntry(saved, 'database.json', (bytes) => Buffer.from(alter(bytes.toString())));

  test.each([
    [
      'a newer server',
      /"serverVersion": "\d+/,
      '"serverVersion": "99',
      /is from postgresql 99.*the server is 15/,
    ],
    [
      'a locale that the server lacks',
      /"collate": "[^"]*/,
      '"collate": "xx_XX',
      /invalid locale name: "xx_XX"/,
    ],
  ])('%s', async (_title, from, to, message) => {
    const before = await databases();
    const attempt = restore(
      {},
      settings((json) => json.replace(from, to)),
    );
    await expect(attempt).rejects.toEqual(failure('restore.refused', message));
    expect(await databases()).toBe(before);
  });

  test('an extension that the server lacks', async () => {
    await shop('CREATE EXTENSION hstore');
    const with_ = await save(postgresql.dump(run, source()));
    const without = alterEntry(with_, '.dump', (bytes) =>
      Buffer.from(bytes.toString('latin1').replaceAll('hstore', 'hstorx'), 'latin1'),
    );
    await expect(restore({}, without)).rejects.toEqual(
      failure('restore.refused', /extensions that the server lacks: hstorx/),
    );
  });
});
