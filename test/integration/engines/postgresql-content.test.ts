import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Fingerprint } from '../../../runtime/src/engines/engine.ts';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { alterEntry, replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';

const run = testRun();

/** Ways to write values that a scratch server does not share. */
const settings = {
  TimeZone: 'Asia/Kathmandu',
  DateStyle: 'German',
  IntervalStyle: 'sql_standard',
  extra_float_digits: '-3',
  bytea_output: 'escape',
  quote_all_identifiers: 'on',
};
let server: TestPostgresql;
let scratch: NonNullable<Awaited<ReturnType<typeof postgresql.scratch>>>;

beforeAll(async () => {
  server = await startPostgresql({ settings });
  const info = {
    product: 'PostgreSQL',
    version: await server.psql('postgres', 'SHOW server_version'),
    tools: {},
  };
  scratch = (await postgresql.scratch(run, info))!;
}, 60_000);
afterAll(async () => {
  await scratch.stop();
  await server.stop();
  await run.dispose();
});

const sourceOf = (database: string, count?: 'stream' | 'server') => ({
  name: 'postgresql',
  connection: {
    host: server.host,
    port: server.port,
    database,
    sslMode: 'prefer' as const,
    contentHash: true,
    ...(count && { count }),
  },
  credentials: { username: server.user, password: server.password },
});

const request = (saved: Saved, suffix: string, more: object = {}) => ({
  ...{ mode: 'replace' as const, suffix, expected: saved.fingerprint, server: saved.server },
  ...more,
});

const drill = (saved: Saved, expected: Fingerprint = saved.fingerprint) =>
  postgresql.restore(
    run,
    scratch.source,
    replay(saved),
    request(saved, 'drill', { mode: 'trial', expected }),
  );

const database = async (name: string, encoding: string, ...statements: readonly string[]): Promise<void> => {
  await server.psql('postgres', `CREATE DATABASE ${name} TEMPLATE template0 ENCODING ${encoding} LOCALE 'C'`);
  const client = encoding === 'SQL_ASCII' ? encoding : 'UTF8';
  await server.psql(name, [`SET client_encoding TO ${client}`, ...statements].join(';\n'));
};

/** Values of a type, as SQL, besides NULL and one that comes twice. */
const values: Readonly<Record<string, readonly string[]>> = {
  integer: ['0', "'-2147483648'"],
  numeric: ['1.10', "'NaN'", '1e-30'],
  'double precision': ['0.1::float8 + 0.2', '5e-324', "'-Infinity'", '1e300', "'-0'"],
  real: ['0.1', '1.17549435e-38', '16777217'],
  text: [
    "''",
    String.raw`E'\\N'`,
    String.raw`E'\\.'`,
    String.raw`E'tab\t line\n return\r back\\slash \b\f\v\001'`,
    "'ä'",
  ],
  bytea: [String.raw`'\x'`, String.raw`'\x000a095c2e0d7fff'`],
  timestamptz: ["'2024-03-31 02:30:00.123456+05:45'", "'-infinity'", "'0044-03-15 12:00+00 BC'"],
  date: ["'2024-02-29'", "'infinity'"],
  interval: ["'1 year -2 days 03:04:05.6'", "'-1 month'"],
  boolean: ['true'],
  regclass: ["'public.target'", "'pg_catalog.pg_class'"],
  regprocedure: ["'public.answer()'"],
  regtype: ["'public.mood'", "'integer'"],
  jsonb: [`'{"b": [1, null], "a": "\\\\t"}'`],
  uuid: ["'00000000-0000-0000-0000-000000000001'"],
  'text[]': [`ARRAY['a,b', NULL, '{}', E'"\\\\']`, `'[2:3]={1,2}'`],
  int4range: ["'[1,5)'", "'empty'"],
  mood: ["'so so'"],
  percent: ['100'],
  pair: [`ROW(1, 'a,"b" c')`, 'ROW(NULL, NULL)'],
  'bit varying': ["B'101'"],
  '"char"': [String.raw`'\'`],
};

const named = [
  `CREATE TABLE target (a int); CREATE FUNCTION answer() RETURNS int LANGUAGE sql AS 'SELECT 42'`,
  `CREATE TYPE mood AS ENUM ('sad', 'so so'); CREATE TYPE pair AS (a int, b text)`,
  `CREATE DOMAIN percent AS numeric CHECK (VALUE BETWEEN 0 AND 100)`,
];

/** Forms of a table with the columns `v` of a type and `n`, each filled with the values. */
const shapes: readonly ((table: string, type: string) => string)[] = [
  (table, type) => `CREATE TABLE ${table} (v ${type}, n int)`,
  (
    table,
    type,
  ) => `CREATE TABLE ${table}_parent (n int, v ${type}); CREATE TABLE ${table} (own text DEFAULT 'x', v ${type}, n int);
    ALTER TABLE ${table} INHERIT ${table}_parent`,
  (
    table,
    type,
  ) => `CREATE TABLE ${table} (gone int, v ${type}, dropped text, n int, twice int GENERATED ALWAYS AS (n * 2) STORED);
    ALTER TABLE ${table} DROP gone; ALTER TABLE ${table} DROP dropped; ALTER TABLE ${table} ADD later text DEFAULT 'y'`,
  (table, type) => `CREATE TABLE ${table} (n int, v ${type}) PARTITION BY LIST (n);
    CREATE TABLE ${table}_odd (v ${type}, gone int, n int); ALTER TABLE ${table}_odd DROP gone;
    ALTER TABLE ${table} ATTACH PARTITION ${table}_odd FOR VALUES IN (1); CREATE TABLE ${table}_rest PARTITION OF ${table} DEFAULT`,
];

const tables = Object.entries(values).flatMap(([type, some], index) =>
  shapes.map((shape, form) => {
    const table = `t${index}_${form}`;
    const rows = [...some, 'NULL', some[0]!, some[0]!].map((value, n) => `(${value}::${type}, ${n % 2})`);
    return `${shape(table, type)}; INSERT INTO ${table} (v, n) VALUES ${rows.join(', ')}`;
  }),
);

/** Sizes about the pieces of 16 KiB in which pg_dump reads large objects, and about nothing. */
const objects = [0, 1, 16383, 16384, 16385, 100_000].map(
  (bytes, n) => `SELECT lo_from_bytea(${5000 + n}, convert_to(repeat('${n}', ${bytes}), 'LATIN1'))`,
);

const others = [
  `CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 3)`,
  `CREATE TABLE made (a int GENERATED ALWAYS AS (1) STORED); INSERT INTO made SELECT FROM generate_series(1, 2)`,
  `CREATE TABLE empty (a int, b text)`,
  `CREATE TABLE same AS SELECT 1 AS a, 'x' AS b FROM generate_series(1, 1000)`,
  `CREATE SCHEMA "a.b"; CREATE TABLE "a.b"."Größe ""x""" ("ä, (b)" int, "FROM stdin;" text); INSERT INTO "a.b"."Größe ""x""" VALUES (1, 'x')`,
  `CREATE UNLOGGED TABLE unlogged AS SELECT 1 AS x; CREATE MATERIALIZED VIEW seen AS SELECT * FROM same`,
  `CREATE TABLE wide AS SELECT repeat(md5(n::text), 50000) AS x FROM generate_series(1, 2) n`,
];

const expectsContent = (fingerprint: Fingerprint): void => {
  for (const measures of Object.values(fingerprint))
    expect(measures).toEqual({
      [measures['objects'] === undefined ? 'rows' : 'objects']: expect.any(Number),
      content: expect.stringMatching(/^[0-9a-f]{32}$/),
    });
};

describe('tables of every form', () => {
  let saved: Saved;

  beforeAll(async () => {
    await database('every', 'UTF8', ...named, ...tables, ...others, ...objects);
    saved = await save(postgresql.dump(run, sourceOf('every')));
  }, 60_000);

  test('pass a drill on a server with other settings, and a verification without one', async () => {
    expectsContent(saved.fingerprint);
    expect(Object.keys(saved.fingerprint).length).toBeGreaterThan(tables.length);
    expect((await drill(saved)).fingerprint).toEqual(saved.fingerprint);
    await postgresql.inspect(run, replay(saved), saved.fingerprint);
  }, 60_000);

  /** Changes of a restored database, by what has to be seen as another content. */
  const changes: Readonly<Record<string, string>> = {
    'public.t4_0': `UPDATE t4_0 SET v = v || ' ' WHERE ctid = '(0,1)'`,
    'public.t2_0': `UPDATE t2_0 SET v = 0.3 WHERE v = 0.1::float8 + 0.2`, // the last digit
    'public.t4_1': `UPDATE t4_1 SET v = '' WHERE v IS NULL`,
    'public.t0_1': `UPDATE t0_1 SET v = n, n = v WHERE ctid = '(0,1)' AND v <> n OR ctid = '(0,2)'`,
    'public.same': `DELETE FROM same WHERE ctid = '(0,1)'; INSERT INTO same VALUES (2, 'x')`,
    'public.t11_0': `DELETE FROM t11_0 WHERE ctid = '(0,1)'; INSERT INTO t11_0 SELECT * FROM t11_0 WHERE ctid = '(0,2)'`,
    'public.t12_0 public.t12_1': `WITH gone AS (DELETE FROM t12_0 WHERE v = 'mood'::regtype RETURNING v, n), more AS (DELETE FROM ONLY t12_1 WHERE v = 'integer'::regtype RETURNING v, n), there AS (INSERT INTO t12_1 (v, n) SELECT * FROM gone)
       INSERT INTO t12_0 (v, n) SELECT * FROM more`,
    'large objects': `SELECT lo_put(5005, 99999, 'x')`,
  };

  test('which somebody changed are told, and no others', async () => {
    await postgresql.restore(run, sourceOf('every'), replay(saved), request(saved, 'x', { into: 'changed' }));
    expect(await postgresql.fingerprint(run, sourceOf('changed'), run.now())).toEqual(saved.fingerprint);
    await server.psql('changed', Object.values(changes).join(';\n'));
    const after = await postgresql.fingerprint(run, sourceOf('changed'), run.now());
    const differ = Object.keys(after).filter(
      (item) => after[item]!['content'] !== saved.fingerprint[item]!['content'],
    );
    const expected = Object.keys(changes).flatMap((items) =>
      items.includes('.') ? items.split(' ') : [items],
    );
    expect(differ.toSorted()).toEqual(expected.toSorted());
  }, 60_000);

  test.each([
    ['a row', Buffer.from('\tx\n'), 'public.same'],
    ['a large object', Buffer.from('5'.repeat(100)), 'large objects'],
  ])(
    'of which an archive has %s with another byte fail drill and verification',
    async (_, found, item) => {
      const altered = alterEntry(saved, '.dump', (bytes) => {
        const copy = Buffer.from(bytes);
        copy[copy.lastIndexOf(found) + found.length - 2] = 0x79;
        return copy;
      });
      const words = expect.stringMatching(
        new RegExp(`differs: ${item} content: expected [0-9a-f]{32}, found [0-9a-f]{32}$`),
      );
      await expect(drill(altered)).rejects.toMatchObject({ code: 'restore.mismatch', message: words });
      await expect(postgresql.inspect(run, replay(altered), saved.fingerprint)).rejects.toMatchObject({
        code: 'archive.damaged',
        message: expect.stringContaining(`${item} content: expected`),
      });
    },
    60_000,
  );
});

test.each([
  ['LATIN1', String.raw`CREATE TABLE "Öfen" ("Größe" text, b int); INSERT INTO "Öfen" VALUES ('Jürgen', 1)`],
  ['SQL_ASCII', String.raw`CREATE TABLE t AS SELECT E'\xfc\xff\x80' AS x`],
  ['EUC_JP', `CREATE TABLE "煙" AS SELECT '煙' AS "煙"`],
])(
  'a database of encoding %s passes a drill',
  async (encoding, ...statements) => {
    const name = `in_${encoding.toLowerCase()}`;
    await database(name, encoding, ...statements);
    await server.psql('postgres', `ALTER DATABASE ${name} SET client_encoding TO UTF8`); // pg_dump's own is that of the database
    const saved = await save(postgresql.dump(run, sourceOf(name)));
    expectsContent(saved.fingerprint);
    expect((await drill(saved)).fingerprint).toEqual(saved.fingerprint);
  },
  60_000,
);

test('a single table comes back into a database of another encoding', async () => {
  await database(
    'moved',
    'LATIN1',
    `CREATE TABLE "Öfen" ("Größe" text); INSERT INTO "Öfen" VALUES ('Jürgen')`,
  );
  const saved = await save(postgresql.dump(run, sourceOf('moved')));
  await server.psql('postgres', 'DROP DATABASE moved');
  await database('moved', 'UTF8');
  const scope = { only: ['public.Öfen'] };
  await postgresql.restore(run, sourceOf('moved'), replay(saved), request(saved, 'x', scope));
  expect(await server.psql('moved', 'SELECT "Größe" FROM "Öfen"')).toBe('Jürgen');
}, 60_000);

test('an archive with hashes of earlier versions, made by queries, is compared in their way', async () => {
  await database(
    'earlier',
    'UTF8',
    `CREATE TABLE t AS SELECT n, n / 3.0 AS x FROM generate_series(1, 100) n`,
  );
  const saved = await save(postgresql.dump(run, sourceOf('earlier', 'server')));
  const hash = expect.stringMatching(/^[0-9a-f]{32}$/);
  expect(saved.fingerprint).toEqual({ 'public.t': { rows: 100, hash } });
  expect((await drill(saved)).fingerprint).toEqual(saved.fingerprint);
  await postgresql.inspect(run, replay(saved), saved.fingerprint);
  const restored = await postgresql.restore(run, sourceOf('earlier'), replay(saved), request(saved, 'x'));
  expect(restored.fingerprint).toEqual(saved.fingerprint);
  const other = { 'public.t': { rows: 100, hash: '0'.repeat(32) } };
  await expect(drill(saved, other)).rejects.toMatchObject({ code: 'restore.mismatch' });
}, 60_000);
