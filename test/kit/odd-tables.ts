/** Tables whose rows, names or kinds could be taken for something else. */
export const oddTables: readonly string[] = [
  String.raw`CREATE TABLE dots AS SELECT E'\\.' AS x UNION ALL SELECT E'\\.\n\n\n' UNION ALL SELECT '.'`,
  `CREATE TABLE blank AS SELECT ''::text AS x FROM generate_series(1, 7)`,
  `CREATE TABLE nothing (); INSERT INTO nothing SELECT FROM generate_series(1, 5)`,
  `CREATE TABLE none (x int)`,
  `CREATE TABLE lines AS SELECT repeat(E'a\nb\r\n\t', n) AS x FROM generate_series(0, 40) n`,
  `CREATE TABLE wide AS SELECT repeat(md5(n::text), 9000) AS x FROM generate_series(1, 3) n`,
  `CREATE TABLE nulls AS SELECT NULL::int AS x FROM generate_series(1, 4)`,
  `CREATE TABLE bytes AS SELECT decode('0a5c2e0a0a0a', 'hex') AS x FROM generate_series(1, 6)`,
  `CREATE SCHEMA "a.b"; CREATE TABLE "a.b"."c ""d"" COPY (x) FROM stdin;" AS SELECT 1 AS x`,
  `CREATE TABLE "line\nend" AS SELECT generate_series(1, 2) AS x`.replace(String.raw`\n`, '\n'),
  `CREATE TABLE whole (n int) PARTITION BY LIST (n); CREATE TABLE part PARTITION OF whole DEFAULT; INSERT INTO whole SELECT generate_series(1, 9)`,
  `CREATE TABLE p (a int); CREATE TABLE c () INHERITS (p); INSERT INTO p VALUES (1); INSERT INTO c VALUES (2), (3)`,
  `CREATE UNLOGGED TABLE unlogged AS SELECT 1 AS x`,
  `CREATE MATERIALIZED VIEW seen AS SELECT generate_series(1, 3) AS x; CREATE SEQUENCE counter`,
  `CREATE EXTENSION hstore; CREATE TABLE stored AS SELECT 'a=>1'::hstore AS h`,
  `SELECT lo_from_bytea(0, ''), lo_from_bytea(0, 'small'), lo_from_bytea(0, decode(repeat('0a', 70000), 'hex'))`,
];
