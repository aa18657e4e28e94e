import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { majorOf } from '../../../runtime/src/engines/postgresql/tools.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { postgresqlVersions as versions, usePrograms } from '../../kit/postgresql-versions.ts';
import { testRun } from '../../kit/run.ts';

const run = testRun();
const path = process.env['PATH'];
const archives = new Map<string, Saved>();

/** Starts a server whose programs come first in PATH. */
const start = (programs: string): Promise<TestPostgresql> => {
  usePrograms({ programs });
  return startPostgresql({ programs });
};

/** An account whose own settings would end any backup. */
const account = { username: 'keeper', password: 'of the keeper' };

const keeperSql = `CREATE ROLE keeper LOGIN SUPERUSER PASSWORD '${account.password}'`;

const sourceOf = ({ host, port }: TestPostgresql) => ({
  name: 'postgresql',
  connection: { host, port, database: 'grill', sslMode: 'prefer' as const, contentHash: true },
  credentials: account,
});

/** What a major knows that those before it do not: for the server, then for the database. */
const news: readonly { since: number; server: readonly string[]; database: readonly string[] }[] = [
  {
    since: 15,
    server: [
      keeperSql,
      `ALTER ROLE keeper SET statement_timeout TO '1ms'`,
      'CREATE ROLE app LOGIN NOINHERIT',
      'CREATE ROLE reader',
      'CREATE ROLE writer',
      'GRANT reader TO app WITH ADMIN OPTION',
    ],
    database: ['CREATE TABLE t AS SELECT n, md5(n::text) AS x FROM generate_series(1, 100) n'],
  },
  {
    since: 16,
    server: ['GRANT writer TO app WITH ADMIN FALSE, INHERIT TRUE, SET FALSE'],
    database: [`CREATE TABLE stored (a text STORAGE EXTERNAL)`],
  },
  {
    since: 17,
    server: [`ALTER ROLE keeper SET transaction_timeout TO '250ms'`],
    database: ['GRANT MAINTAIN ON t TO reader'],
  },
  {
    since: 18,
    server: [],
    database: [
      'CREATE TABLE virtual (a int, b int GENERATED ALWAYS AS (a * 2) VIRTUAL)',
      'INSERT INTO virtual VALUES (1), (2)',
      'ALTER TABLE t ADD CONSTRAINT loose CHECK (n < 5) NOT ENFORCED',
    ],
  },
];

/** Locale of the database: of the server itself since 17. */
const localeOf = (major: number): string =>
  major > 16 ? `LOCALE_PROVIDER builtin BUILTIN_LOCALE 'C.UTF-8' LOCALE 'C'` : `LOCALE 'C'`;

const factsSql = `
  SELECT m.admin_option, to_jsonb(m) ->> 'inherit_option', to_jsonb(m) ->> 'set_option', m.roleid::regrole
  FROM pg_auth_members m WHERE m.member = 'app'::regrole ORDER BY 4;
  SELECT to_jsonb(d) ->> 'datlocprovider', to_jsonb(d) ->> 'datlocale', relacl FROM pg_database d, pg_class c
  WHERE datname = current_database() AND c.relname = 't'`;
const facts = new Map<string, string>();

beforeAll(async () => {
  for (const { programs, version } of versions) {
    const server = await start(programs);
    try {
      const known = news.filter(({ since }) => since <= majorOf(version));
      await server.psql('postgres', `CREATE DATABASE grill TEMPLATE template0 ${localeOf(majorOf(version))}`);
      await server.psql('grill', known.flatMap((each) => [...each.server, ...each.database]).join(';'));
      archives.set(version, await save(postgresql.dump(run, sourceOf(server))));
      facts.set(version, await server.psql('grill', factsSql));
    } finally {
      await server.stop();
    }
  }
}, 180_000);

afterAll(async () => {
  process.env['PATH'] = path;
  await run.dispose();
});

const pairs = versions.flatMap((from) => versions.map((to) => ({ from: from.version, ...to })));

test.each(pairs)(
  'an archive of $from into $version',
  async ({ from, programs, version }) => {
    const saved = archives.get(from)!;
    const server = await start(programs);
    try {
      await server.psql('postgres', keeperSql);
      await server.psql('postgres', 'CREATE DATABASE grill');
      const request = {
        mode: 'replace' as const,
        suffix: 'x',
        expected: saved.fingerprint,
        server: saved.server,
      };
      const restoring = postgresql.restore(run, sourceOf(server), replay(saved), request);
      if (majorOf(from) > majorOf(version)) {
        await expect(restoring).rejects.toMatchObject({
          message: expect.stringMatching(/the archive is from postgresql .*; restore into \d+ or newer/),
        });
        expect(await server.psql('grill', `SELECT count(*) FROM pg_class WHERE relname = 't'`)).toBe('0');
        return;
      }
      expect((await restoring).fingerprint).toEqual(saved.fingerprint);
      if (from === version) expect(await server.psql('grill', factsSql)).toBe(facts.get(from));
    } finally {
      await server.stop();
    }
  },
  60_000,
);

const foreign = versions.slice(1); // Debian's folder has the clients of the first

if (foreign.length > 0)
  describe.each(foreign)('$version', ({ programs }) => {
    test('is refused without client programs of its major', async () => {
      const server = await start(programs);
      process.env['PATH'] = path;
      try {
        await server.psql('postgres', keeperSql);
        await server.psql('postgres', 'CREATE DATABASE grill');
        await expect(postgresql.probe(run, sourceOf(server))).rejects.toMatchObject({
          code: 'source.unsupported',
          message: expect.stringMatching(/^the server is postgresql \d+, but its client programs are not/),
        });
      } finally {
        await server.stop();
      }
    });

    test('brings back a locale with rules of ICU, where it was built with ICU', async () => {
      const server = await start(programs);
      const sql = `CREATE DATABASE grill TEMPLATE template0 LOCALE_PROVIDER icu ICU_LOCALE 'en' ICU_RULES '&a < b' LOCALE 'C'`;
      const rules = `SELECT daticurules FROM pg_database WHERE datname = 'grill'`;
      try {
        await server.psql('postgres', keeperSql);
        const built = await server.psql('postgres', sql).then(
          () => true,
          (error: Error) => !error.message.includes('ICU is not supported in this build'),
        );
        if (!built) return;
        await server.psql('grill', 'CREATE TABLE t (a text)');
        const saved = await save(postgresql.dump(run, sourceOf(server)));
        const scope = { mode: 'replace' as const, suffix: 'x' };
        const request = { ...scope, expected: saved.fingerprint, server: saved.server };
        await postgresql.restore(run, sourceOf(server), replay(saved), request);
        expect(await server.psql('postgres', rules)).toBe('&a < b');
      } finally {
        await server.stop();
      }
    });
  });
