import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { pino } from 'pino';
import { identifier, literal, withClient } from '../../../runtime/src/engines/postgresql/client.ts';
import { readGlobals } from '../../../runtime/src/engines/postgresql/globals.ts';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { readRoles, type ServerRoles } from '../../../runtime/src/engines/postgresql/roles.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { captureText } from '../../kit/capture.ts';
import { hostileName, hostileText } from '../../kit/hostile.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';

const lines: string[] = [];
const log = pino({ level: 'warn' }, { write: (line: string) => lines.push(line) });
const run = testRun({ log });
const canary = join(run.scratchDir, 'c');
let server: TestPostgresql;
let empty: TestPostgresql;

beforeAll(async () => {
  [server, empty] = await Promise.all([startPostgresql(), startPostgresql()]);
}, 60_000);
afterAll(async () => {
  await Promise.all([server.stop(), empty.stop()]);
  await run.dispose();
});

const sourceOf = (on: TestPostgresql, database: string) => ({
  name: 'postgresql',
  connection: { host: on.host, port: on.port, database, sslMode: 'prefer' as const },
  credentials: { username: on.user, password: on.password },
});

const dumpall = (on: TestPostgresql): Promise<string> =>
  captureText(
    join(on.binDir, 'pg_dumpall'),
    ['--globals-only', '-h', on.host, '-p', `${on.port}`, '-U', on.user],
    { env: { PGPASSWORD: on.password } },
  );

const rolesOf = (on: TestPostgresql): Promise<ServerRoles> =>
  withClient(sourceOf(on, 'postgres'), 'postgres', (client) => readRoles(client, true));

/** An archive as versions before `roles.json` wrote it. */
const asBefore = (saved: Saved, globals: string): Saved => ({
  ...saved,
  entries: saved.entries.map((entry) =>
    entry.name === 'roles.json' ? { name: 'globals.sql', bytes: Buffer.from(globals) } : entry,
  ),
});

const request = (saved: Saved, suffix: string, more: object = {}) => ({
  ...{ mode: 'replace' as const, suffix, expected: saved.fingerprint, server: saved.server },
  ...more,
});

/** Who may do what, but for the bootstrap superuser. */
const rightsSql = `
  SELECT rolname, rolsuper, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication, rolbypassrls FROM pg_roles
  WHERE rolname !~ '^(pg_|postgres$)' UNION ALL
  SELECT format('%s in %s', member::regrole, roleid::regrole), admin_option, false, false, false, false, false
  FROM pg_auth_members WHERE member::regrole::text !~ '^pg_' ORDER BY 1`;

describe('text of roles', () => {
  let saved: Saved;
  let globals: string;
  let rights: string;
  let archived: ServerRoles;

  beforeAll(async () => {
    await server.psql(
      'postgres',
      `CREATE ROLE app LOGIN PASSWORD 'of the app' VALID UNTIL '2099-01-01'; CREATE DATABASE grill OWNER app`,
    );
    const settings = fc.sample(hostileText(canary), { numRuns: 40, seed: 1 });
    const names = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((index) =>
      fc.sample(hostileName(canary, `${index}`), { numRuns: 1, seed: index }),
    );
    // as the role itself, but for names and comments
    const own = settings.map(
      (text, index) =>
        `SET search_path TO public, ${literal(text)}; ALTER ROLE app ${index % 2 ? 'IN DATABASE grill' : ''} SET search_path FROM CURRENT;
         ALTER ROLE app SET application_name = ${literal(text)};`,
    );
    await server.psql(
      'postgres',
      [
        ...names.flatMap((name, index) => [
          `CREATE ROLE ${identifier(name)} NOINHERIT CONNECTION LIMIT ${index};`,
          `COMMENT ON ROLE ${identifier(name)} IS ${literal(settings[index]!)};`,
          `ALTER ROLE ${identifier(name)} SET search_path TO ${literal(settings[index]!)}, ${literal(name)};`,
          `GRANT ${identifier(name)} TO app${index % 2 ? ' WITH ADMIN OPTION' : ''};`,
        ]),
        `GRANT SET ON PARAMETER log_min_duration_statement TO ${identifier(names[0]!)} WITH GRANT OPTION;`,
        `ALTER ROLE ALL SET "my.all" = 'of all';`,
        `SET ROLE app;`,
        ...own,
        `ALTER ROLE app SET search_path TO E'a\\nCREATE ROLE pwn;\\nALTER ROLE pwn WITH LOGIN; ALTER ROLE app SUPERUSER; DROP ROLE pwn; --\\nb';`,
        `ALTER ROLE app SET application_name = ${literal('x'.repeat(70_000))};`,
      ].join('\n'),
    );
    await server.psql('grill', 'SET ROLE app; CREATE TABLE users AS SELECT generate_series(1, 10) n');
    rights = await server.psql('postgres', rightsSql);
    archived = await rolesOf(server);
    globals = await dumpall(server);
    lines.length = 0;
    saved = await save(postgresql.dump(run, sourceOf(server, 'grill')));
  }, 60_000);

  test('is read from the catalogue as from what pg_dumpall writes', () => {
    const comparable = ({ roles, memberships, settings, parameterGrants }: ServerRoles) => ({
      roles: roles
        .map((role) => ({ ...role, validUntil: role.validUntil && Date.parse(role.validUntil) }))
        .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
      memberships: memberships.map((each) => JSON.stringify(each)).toSorted(),
      // lists keep their meaning, not their quotes
      settings: settings
        .filter(({ value }) => value.length < 64 * 1024)
        .map(({ value, ...each }) => JSON.stringify({ ...each, value: value.replaceAll('"', '') }))
        .toSorted(),
      parameterGrants,
    });
    expect(comparable(readGlobals(globals))).toEqual(comparable(archived));
    expect(readGlobals(globals).leftOut).toEqual([]);
    expect(archived.roles.length).toBe(12);
  });

  test('that is too long, or of all roles, is not saved, and the log says so', () => {
    expect(lines.join('')).toContain('"what":"setting application_name of role app","msg":"not saved"');
    expect(lines.join('')).toContain('"what":"setting my.all of all roles","msg":"not saved"');
    expect(saved.entries.map(({ name }) => name)).toEqual(['database.json', 'roles.json', 'grill.dump']);
  });

  const kinds = ['roles.json', 'globals.sql'] as const;
  const archive = (kind: (typeof kinds)[number]): Saved =>
    kind === 'roles.json' ? saved : asBefore(saved, globals);

  test.each(kinds)(
    'gives nobody a right where the roles exist, from %s',
    async (kind) => {
      const all = archive(kind);
      const suffix = `same_${kind.length}`;
      await postgresql.restore(run, sourceOf(server, 'grill'), replay(all), request(all, suffix));
      await postgresql.restore(
        run,
        sourceOf(server, 'grill'),
        replay(all),
        request(all, `${suffix}_other`, { into: `${suffix}_into` }),
      );
      await postgresql.restore(
        run,
        sourceOf(server, 'grill'),
        replay(all),
        request(all, `${suffix}_trial`, { mode: 'trial' }),
      );
      expect(await server.psql('postgres', rightsSql)).toBe(rights);
      expect(existsSync(canary)).toBe(false);
    },
    60_000,
  );

  test.each(kinds)(
    'comes back as it was in an empty cluster, from %s',
    async (kind) => {
      const other = kind === 'roles.json' ? empty : await startPostgresql();
      try {
        const all = archive(kind);
        await postgresql.restore(run, sourceOf(other, 'grill'), replay(all), request(all, 'new'));
        expect(await other.psql('postgres', rightsSql)).toBe(rights);
        const { leftOut, ...rest } = archived;
        expect(leftOut.length).toBe(2);
        const restored = await rolesOf(other);
        const mine = ({ roles, ...more }: typeof rest) => ({
          ...more,
          roles: roles
            .filter(({ name }) => name !== 'postgres')
            .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
          settings: more.settings.map((each) => JSON.stringify(each)).toSorted(),
          memberships: more.memberships.map((each) => JSON.stringify(each)).toSorted(),
        });
        expect(mine({ ...restored, leftOut } as ServerRoles)).toEqual(
          mine({ ...rest, leftOut } as ServerRoles),
        );
        expect(existsSync(canary)).toBe(false);
      } finally {
        if (other !== empty) await other.stop();
      }
    },
    60_000,
  );

  test('of a forged globals.sql is left out but for the shapes that pg_dumpall writes, and the log says what', async () => {
    const forged = [
      `\\! touch ${canary}`,
      `\\copy (SELECT 1) TO PROGRAM 'touch ${canary}'`,
      `COPY (SELECT 1) TO PROGRAM 'touch ${canary}';`,
      'ALTER ROLE app WITH SUPERUSER;',
      'ALTER ROLE app SUPERUSER;',
      'GRANT postgres TO app;',
      'DO $x$ BEGIN ALTER ROLE app SUPERUSER; END $x$;',
      "COMMENT ON ROLE app IS 'x'; ALTER ROLE app SUPERUSER; --';",
      'CREATE ROLE app SUPERUSER;',
      'ALTER SYSTEM SET archive_command = $$touch x$$;',
      'REVOKE app FROM app;',
      'DROP ROLE app;',
      "SECURITY LABEL ON ROLE app IS 'x';",
    ].join('\n');
    const all = asBefore(saved, globals.replace('--\n-- User Configurations\n--\n', `${forged}\n`));
    lines.length = 0;
    await postgresql.restore(run, sourceOf(server, 'grill'), replay(all), request(all, 'forged'));
    expect(await server.psql('postgres', rightsSql)).toBe(rights);
    expect(existsSync(canary)).toBe(false);
    expect(lines.filter((line) => line.includes('statement of globals.sql')).length).toBe(11);
  }, 60_000);
});

describe('memberships of roles that are partly there', () => {
  test('give neither a shell nor ALTER SYSTEM, and the log says so', async () => {
    const [source, target] = await Promise.all([startPostgresql(), startPostgresql()]);
    try {
      await source.psql(
        'postgres',
        `CREATE ROLE ops; CREATE ROLE dev LOGIN IN ROLE ops; CREATE ROLE plain; CREATE ROLE tester IN ROLE plain, pg_monitor;
         CREATE ROLE tuner; GRANT ALTER SYSTEM ON PARAMETER work_mem TO tuner; CREATE ROLE app IN ROLE tuner; CREATE DATABASE small`,
      );
      await target.psql(
        'postgres',
        `CREATE ROLE runner IN ROLE pg_execute_server_program; CREATE ROLE ops IN ROLE runner; CREATE ROLE plain; CREATE ROLE app`,
      );
      await source.psql('small', 'CREATE TABLE t AS SELECT 1 n');
      const all = await save(postgresql.dump(run, sourceOf(source, 'small')));
      lines.length = 0;
      await postgresql.restore(run, sourceOf(target, 'small'), replay(all), request(all, 'partly'));
      const left = lines.flatMap((line) => /"what":"(membership[^"]*)"/.exec(line)?.[1] ?? []);
      expect(left.toSorted()).toEqual([
        'membership of app in tuner: it would give app, which exists, rights over others',
        'membership of dev in ops: ops has more rights now than in the archive',
      ]);
      expect(
        await target.psql(
          'postgres',
          `SELECT pg_has_role('dev', 'pg_execute_server_program', 'member'), pg_has_role('app', 'tuner', 'member'),
            has_parameter_privilege('app', 'work_mem', 'ALTER SYSTEM'),
            pg_has_role('tester', 'plain', 'member'), pg_has_role('tester', 'pg_monitor', 'member')`,
        ),
      ).toBe('f|f|f|t|t');
    } finally {
      await Promise.all([source.stop(), target.stop()]);
    }
  }, 60_000);
});
