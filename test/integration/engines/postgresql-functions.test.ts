import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { replay, save } from '../../conformance/engines/saved.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';

// Functions and casts that the owner of a database makes must never stand for those that our own statements name.

const run = testRun();
const canary = join(run.scratchDir, 'canary');
let server: TestPostgresql;

beforeAll(async () => {
  server = await startPostgresql();
  await server.psql('postgres', 'CREATE ROLE app LOGIN');
}, 60_000);
afterAll(async () => {
  await server.stop();
  await run.dispose();
});

const attack = `
  IF (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) THEN
    EXECUTE 'ALTER ROLE app SUPERUSER';
    EXECUTE $p$COPY (SELECT 1) TO PROGRAM 'touch ${canary}'$p$;
  END IF;`;

/** A function of the owner, which does what the server's own does. */
const trojan = (schema: string, name: string, args: string, result: string, call: string): string =>
  `CREATE FUNCTION ${schema}.${name}(${args}) RETURNS ${result} LANGUAGE plpgsql AS $f$ BEGIN ${attack} ${call}; END $f$;`;

/** What our statements call, under the types that an untyped argument or a text fits best. */
const functions = (schema: string): string =>
  [
    [
      'json_each_text',
      'text, OUT key text, OUT value text',
      'SETOF record',
      `RETURN QUERY SELECT * FROM pg_catalog.json_each_text($1::json)`,
    ],
    ['set_config', 'text, text, boolean', 'text', 'RETURN pg_catalog.set_config($1, $2, $3)'],
    ['lower', 'text', 'text', 'RETURN pg_catalog.lower($1)'],
    ['format', 'text, bigint', 'text', 'RETURN pg_catalog.format($1, $2)'],
    ['md5', 'text', 'text', 'RETURN pg_catalog.md5($1)'],
    ['pg_get_expr', 'pg_node_tree, oid', 'text', 'RETURN pg_catalog.pg_get_expr($1, $2)'],
    ['quote_ident', 'text', 'text', 'RETURN pg_catalog.quote_ident($1)'],
    ['quote_ident', 'name', 'text', 'RETURN pg_catalog.quote_ident($1::text)'],
    ['current_database', '', 'name', 'RETURN pg_catalog.current_database()'],
    ['count', 'text', 'bigint', 'RETURN 0'],
    ['to_jsonb', 'public.held', 'jsonb', "RETURN 'null'::jsonb"],
  ]
    .map(([name, args, result, call]) => trojan(schema, name!, args!, result!, call!))
    .join('\n');

const isSafe = async (): Promise<void> => {
  expect(await server.psql('postgres', `SELECT rolsuper FROM pg_roles WHERE rolname = 'app'`)).toMatch(
    /^f$/m,
  );
  expect(existsSync(canary)).toBe(false);
};

/** Who hashes. */
const ways = ['stream', 'server'] as const;

const sourceOf = (database: string, count: (typeof ways)[number] = 'stream') => ({
  name: 'postgresql',
  connection: {
    host: server.host,
    port: server.port,
    database,
    sslMode: 'prefer' as const,
    contentHash: true,
    count,
  },
  credentials: { username: server.user, password: server.password },
});

const made = async (database: string, ...statements: readonly string[]): Promise<void> => {
  await server.psql('postgres', `CREATE DATABASE ${database} OWNER app`);
  await server.psql(
    database,
    `SET ROLE app; CREATE SCHEMA IF NOT EXISTS evil;
     CREATE TABLE public.held (a int, b text); INSERT INTO public.held VALUES (1, 'x'), (2, 'y'); ${statements.join('\n')}`,
  );
};

const roundTrip = async (database: string): Promise<void> => {
  for (const count of ways) {
    const source = sourceOf(database, count);
    const saved = await save(postgresql.dump(run, source));
    const scope = { mode: 'replace' as const, suffix: count };
    const request = { ...scope, expected: saved.fingerprint, server: saved.server };
    expect((await postgresql.restore(run, source, replay(saved), request)).fingerprint).toEqual(
      saved.fingerprint,
    );
  }
  await isSafe();
};

test.each([
  ['in public', functions('public'), ''],
  ['in a schema before pg_catalog', functions('evil'), 'SET search_path TO evil, pg_catalog'],
  ['with a role as the default of the database', '', 'SET role TO app'],
])('functions of the owner %s are not called', async (_, text, setting) => {
  const database = `f${text.length}${setting.length}`;
  await made(database, text);
  if (setting) await server.psql('postgres', `ALTER DATABASE ${database} ${setting}`);
  await roundTrip(database);
  const text2 = await server.psql(database, `SELECT pg_catalog.count(*) FROM public.held`);
  expect(text2).toContain('2');
});

test('a cast of a row to text is not called for its hash', async () => {
  await made(
    'casts',
    trojan('public', 'as_text', 'public.held', 'text', "RETURN ''"),
    'CREATE CAST (public.held AS text) WITH FUNCTION public.as_text(public.held);',
  );
  await roundTrip('casts');
});

test('casts to json, where rows of inherited tables lie in columns, keep a backup with hashes by queries from starting', async () => {
  await made(
    'json_casts',
    `CREATE TYPE public.mood AS ENUM ('sad'); CREATE TABLE public.p (a public.mood);
     CREATE TABLE public.c (b int) INHERITS (public.p); CREATE TABLE public.holds (c public.c);
     INSERT INTO public.holds VALUES (ROW('sad', 1)::public.c);`,
    trojan('public', 'as_json', 'public.mood', 'json', "RETURN 'null'::json"),
    'CREATE CAST (public.mood AS json) WITH FUNCTION public.as_json(public.mood);',
  );
  await expect(save(postgresql.dump(run, sourceOf('json_casts', 'server')))).rejects.toMatchObject({
    code: 'source.unsupported',
    message: expect.stringContaining('a cast to json is a function of its own: public.mood'),
  });
  await save(postgresql.dump(run, sourceOf('json_casts')));
  await isSafe();
});

test('a CHECK of a table cannot leave the account that a drill tries', async () => {
  await server.psql('postgres', 'CREATE ROLE keeper LOGIN CREATEDB IN ROLE app');
  await made(
    'checks',
    `CREATE FUNCTION public.leave(int) RETURNS boolean LANGUAGE plpgsql AS $f$ BEGIN
       IF EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname = 'checks') THEN RETURN true; END IF; -- not at home
       RESET ROLE; ${attack} RETURN true; END $f$;
     CREATE TABLE public.checked (a int CHECK (public.leave(a))); INSERT INTO public.checked VALUES (1);`,
  );
  const saved = await save(postgresql.dump(run, sourceOf('checks')));
  const needs = { fingerprint: saved.fingerprint, sourceBytes: 0, open: () => replay(saved) };
  const scratch = (await postgresql.scratch(run, saved.server, needs))!;
  const request = { suffix: 's', expected: saved.fingerprint, server: saved.server, account: 'keeper' };
  try {
    await postgresql.restore(run, scratch.source, replay(saved), { ...request, mode: 'trial' });
  } finally {
    await scratch.stop();
  }
  expect(existsSync(canary)).toBe(false);
}, 60_000);
