import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { captureText } from '../../kit/capture.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';

const run = testRun();
let server: TestPostgresql;
let empty: TestPostgresql;

beforeAll(async () => {
  [server, empty] = await Promise.all([startPostgresql(), startPostgresql()]);
  await server.psql('postgres', readFileSync(join(import.meta.dirname, 'postgresql-objects.sql'), 'utf8'));
}, 120_000);
afterAll(async () => {
  await Promise.all([server.stop(), empty.stop()]);
  await run.dispose();
});

const sourceOf = (on: TestPostgresql, database: string, more = {}) => ({
  name: 'postgresql',
  connection: { host: on.host, port: on.port, database, sslMode: 'prefer' as const, ...more },
  credentials: { username: on.user, password: on.password },
});

const request = (saved: Saved, suffix: string) => ({
  ...{ mode: 'replace' as const, suffix, expected: saved.fingerprint, server: saved.server },
});

/** A database as pg_dump writes it, without what differs from dump to dump. */
const dumped = async (on: TestPostgresql, database: string, ...args: readonly string[]): Promise<string> =>
  captureText(
    join(on.binDir, 'pg_dump'),
    ['-h', on.host, '-p', `${on.port}`, '-U', on.user, '-d', database, '--restrict-key=none', ...args],
    { env: { PGPASSWORD: on.password } },
  );

/** Schema as text, in pg_dump's own order; data as a set of lines, since rows have no order. */
const everything = async (on: TestPostgresql, database: string) => ({
  schema: await dumped(on, database, '--schema-only', '--create'),
  data: (await dumped(on, database, '--data-only')).split('\n').toSorted(),
  populated: await on.psql(database, 'SELECT matviewname, ispopulated FROM pg_matviews ORDER BY 1'),
});

const databases = [
  { database: 'objects', holds: /CREATE POLICY|EXCLUDE USING gist/ },
  { database: 'latin', holds: /ENCODING = 'LATIN1'/ },
];

describe.each(databases)('every kind of object of $database', ({ database, holds }) => {
  let saved: Saved;
  let before: Awaited<ReturnType<typeof everything>>;

  beforeAll(async () => {
    before = await everything(server, database);
    saved = await save(postgresql.dump(run, sourceOf(server, database, { contentHash: true })));
  }, 60_000);

  test('is in the database', () => {
    expect(before.schema).toMatch(holds);
    expect(before.data.length).toBeGreaterThan(5);
  });

  test('comes back in an empty cluster, with owners, grants and roles', async () => {
    await postgresql.restore(run, sourceOf(empty, database), replay(saved), request(saved, 'empty'));
    expect(await everything(empty, database)).toEqual(before);
    const roles = 'SELECT rolname, rolcanlogin, rolconnlimit, rolpassword FROM pg_authid ORDER BY 1';
    const other = (rows: string) => rows.split('\n').filter((row) => !/^(pg_|postgres)/.test(row));
    expect(other(await empty.psql('postgres', roles))).toEqual(other(await server.psql('postgres', roles)));
  }, 60_000);

  test('comes back in the same cluster', async () => {
    const { kept } = await postgresql.restore(
      run,
      sourceOf(server, database),
      replay(saved),
      request(saved, 'same'),
    );
    expect(kept).toBe(`database ${database}_before_same`);
    expect(await everything(server, database)).toEqual(before);
  }, 60_000);

  test('comes back under another name, by several jobs, and leaves the live data alone', async () => {
    const into = `${database}_copy`;
    const scope = { into, jobs: 3, sourceBytes: 1000 };
    const other = await postgresql.restore(run, sourceOf(server, database), replay(saved), {
      ...request(saved, 'jobs'),
      ...scope,
    });
    expect(other).toEqual({ fingerprint: saved.fingerprint });
    const named = async (name: string) => (await everything(server, name)).schema.replaceAll(into, database);
    expect(await named(into)).toEqual(before.schema);
    expect(await everything(server, database)).toEqual(before);
    expect(readdirSync(run.scratchDir)).toEqual([]);
  }, 60_000);

  test('passes a drill', async () => {
    const scratch = (await postgresql.scratch(run, saved.server))!;
    try {
      const drilled = await postgresql.restore(run, scratch.source, replay(saved), request(saved, 'drill'));
      expect(drilled.fingerprint).toEqual(saved.fingerprint);
    } finally {
      await scratch.stop();
    }
  }, 60_000);
});

test('a content hash sees what a count of rows does not', async () => {
  const source = sourceOf(server, 'latin', { contentHash: true });
  const before = await postgresql.fingerprint(run, source, run.now());
  await server.psql(
    'latin',
    `SET client_encoding = 'UTF8'; UPDATE "Räucher"."Öfen" SET "Größe" = 'Jurgen' WHERE "Größe" LIKE 'J%'`,
  );
  const after = await postgresql.fingerprint(run, source, run.now());
  expect(Object.keys(after)).toEqual(Object.keys(before));
  expect(after).not.toEqual(before);
});
