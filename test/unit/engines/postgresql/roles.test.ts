import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readGlobals } from '../../../../runtime/src/engines/postgresql/globals.ts';
import { archivedStandings, type Standings } from '../../../../runtime/src/engines/postgresql/powers.ts';
import { belongingsOf } from '../../../../runtime/src/engines/postgresql/role-statements.ts';
import type { Role, ServerRoles } from '../../../../runtime/src/engines/postgresql/roles.ts';
import { settingSql } from '../../../../runtime/src/engines/postgresql/setting.ts';
import { statementsOf } from '../../../../runtime/src/engines/postgresql/sql-tokens.ts';
import { hostileText } from '../../../kit/hostile.ts';

const texts = (sql: string) => [...statementsOf(sql)].map((tokens) => tokens.map(({ text }) => text));

describe('statements', () => {
  test.each([
    ["a 'x;''y' b; c", [['a', "x;'y", 'b'], ['c']]],
    [String.raw`a E'x\\;''y' "n;""m";`, [['a', String.raw`x\;'y`, 'n;"m']]],
    [String.raw`a E'x\';' ; b`, [['a', "E'"], ['b']]],
    ['a $$;$x$$ b; $t$;$$;$t$', [['a', ';$x', 'b'], [';$$;']]],
    ['a -- b; c\n d; /* ; /* ; */ ; */ e', [['a', 'd'], ['e']]],
    ["\\! touch 'x\na; b \\! c; \\q", [["\\! touch 'x"], ['a'], ['b', '\\', '!', 'c'], ['\\q']]],
    ["a; b 'never closed; ALTER ROLE x SUPERUSER;", [['a'], ['b', "'"]]],
    ['a; b "never closed; ALTER ROLE x SUPERUSER;', [['a'], ['b', "'"]]],
    ['a; b $t$never closed; ALTER ROLE x SUPERUSER;', [['a'], ['b', "'"]]],
    ['a; /* never closed; ALTER ROLE x SUPERUSER;', [['a']]],
    ['x$y$z -1 a.b,c', [['x$y$z', '-1', 'a', '.', 'b', ',', 'c']]],
  ])('of %s', (sql, expected) => expect(texts(sql)).toEqual(expected));

  test('of text in quotes are never more than one', () => {
    const quoted = hostileText('/tmp/c').chain((text) =>
      fc
        .constantFrom(
          `'${text.replaceAll("'", "''")}'`,
          `"${text.replaceAll('"', '""')}"`,
          `E'${text.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`,
          `$q$${text}$q$`,
        )
        .map((sql) => ({ text, sql })),
    );
    fc.assert(
      fc.property(quoted, ({ text, sql }) => {
        expect(texts(`COMMENT ${sql};x`)).toEqual([['COMMENT', text], ['x']]);
      }),
      { numRuns: 1000 },
    );
  });
});

test('of a globals.sql that is broken at any place no right is read that it does not give', () => {
  const sql = String.raw`CREATE ROLE app;
ALTER ROLE app WITH NOSUPERUSER LOGIN;
ALTER ROLE app SET search_path TO E'\\''; ALTER ROLE app WITH SUPERUSER; --', '"; ALTER ROLE app WITH SUPERUSER; --';
COMMENT ON ROLE app IS '
ALTER ROLE app WITH SUPERUSER;
';
`;
  for (let end = 0; end <= sql.length; end += 1)
    for (const role of readGlobals(sql.slice(0, end)).roles) expect(role.superuser).toBe(false);
});

test.each([
  ['work_mem', "8'MB", `"work_mem" TO '8''MB'`],
  ['search_path', '"$user", public, "a""\n;,b"', `"search_path" TO '$user', 'public', 'a"\n;,b'`],
  ['search_path', '""', `"search_path" TO ''`],
  ['my.var";x', 'a, b\\', `"my.var"";x" TO  E'a, b\\\\'`],
])('setting %s', (name, value, sql) => expect(settingSql({ name, value })).toBe(sql));

describe('rights', () => {
  const role = (name: string, more: Partial<Role> = {}): Role => ({
    name,
    ...{ superuser: false, inherit: true, createRole: false, createDatabase: false },
    ...{ login: true, replication: false, bypassRowSecurity: false },
    ...{ connectionLimit: -1, password: null, validUntil: null, comment: null },
    ...more,
  });
  const archived = (roles: readonly Role[], ...memberships: readonly [string, string][]): ServerRoles => ({
    schemaVersion: 1,
    roles: [...roles],
    memberships: memberships.map(([member, of]) => ({
      ...{ role: of, member, grantor: null, admin: false, inherit: null, set: null },
    })),
    ...{ settings: [], parameterGrants: [], leftOut: [] },
  });
  const existing = (roles: readonly Role[], ...memberships: readonly [string, string][]): Standings =>
    archivedStandings(archived(roles, ...memberships));
  const what = (all: ServerRoles, there: Standings) => {
    const { restored, leftOut } = belongingsOf(all, there);
    return { restored: restored.map((each) => each.what), leftOut };
  };

  test('come back with a new role, its memberships with it', () => {
    const all = archived(
      [role('app'), role('dba', { superuser: true })],
      ['app', 'dba'],
      ['app', 'pg_monitor'],
    );
    expect(what(all, existing([]))).toEqual({
      restored: ['SUPERUSER of dba', 'membership of app in dba', 'membership of app in pg_monitor'],
      leftOut: [],
    });
  });

  test('of roles that exist stay as they are', () => {
    const all = archived([role('app', { superuser: true }), role('dba')], ['app', 'dba']);
    expect(what(all, existing([role('app'), role('dba')]))).toEqual({ restored: [], leftOut: [] });
  });

  test('do not come to a role that exists by way of new ones', () => {
    const all = archived(
      [role('app'), role('team'), role('dba', { createRole: true }), role('readers')],
      ['app', 'team'],
      ['team', 'dba'],
      ['app', 'readers'],
    );
    expect(what(all, existing([role('app')]))).toEqual({
      restored: ['CREATEROLE of dba', 'membership of team in dba', 'membership of app in readers'],
      leftOut: ['membership of app in team: it would give app, which exists, rights over others'],
    });
  });

  test('do not come to a new role from one that has gained them since', () => {
    const all = archived([role('app'), role('team')], ['app', 'team']);
    expect(what(all, existing([role('team', { superuser: true })]))).toEqual({
      restored: [],
      leftOut: ['membership of app in team: team has more rights now than in the archive'],
    });
  });

  const refusedDev = ['membership of dev in ops: ops has more rights now than in the archive'];
  const may = (grantee: string, privilege: 'SET' | 'ALTER SYSTEM', grantable = false) => ({
    ...{ parameter: 'archive_command', grantee, privilege, grantable },
  });

  test.each<[string, readonly Role[], readonly [string, string][]]>([
    ['a predefined role', [], [['ops', 'pg_execute_server_program']]],
    [
      'a predefined role by way of another',
      [role('mid')],
      [
        ['ops', 'mid'],
        ['mid', 'pg_write_server_files'],
      ],
    ],
    ['a superuser', [role('dba', { superuser: true })], [['ops', 'dba']]],
    [
      'a circle with a right',
      [role('mid', { createRole: true })],
      [
        ['ops', 'mid'],
        ['mid', 'ops'],
      ],
    ],
    [
      'pg_monitor with a role of the server',
      [role('dba', { superuser: true })],
      [
        ['ops', 'pg_monitor'],
        ['pg_monitor', 'dba'],
      ],
    ],
  ])('do not come to a new role from one that has reached %s since', (_, roles, memberships) => {
    const all = archived([role('dev'), role('ops')], ['dev', 'ops']);
    expect(what(all, existing([role('ops'), ...roles], ...memberships)).leftOut).toEqual(refusedDev);
  });

  test('on parameters do not come to a new role from one that has gained them since', () => {
    const all = archived([role('dev'), role('ops')], ['dev', 'ops']);
    const there = archivedStandings({ ...archived([role('ops')]), parameterGrants: [may('ops', 'SET')] });
    expect(what(all, there).leftOut).toEqual(refusedDev);
    const had = { ...all, parameterGrants: [may('ops', 'SET', true)] };
    expect(what(had, there)).toEqual({ restored: ['membership of dev in ops'], leftOut: [] });
  });

  test('come to a new role where the archive had them in another way, or more', () => {
    const more = archived(
      [role('dev'), role('ops'), role('mid')],
      ['dev', 'ops'],
      ['ops', 'mid'],
      ['mid', 'pg_monitor'],
    );
    const there = existing([role('ops'), role('mid')], ['ops', 'pg_monitor'], ['ops', 'pg_read_all_stats']);
    expect(what(more, there)).toEqual({ restored: ['membership of dev in ops'], leftOut: [] });
    const dba = archived([role('dev'), role('ops', { superuser: true })], ['dev', 'ops']);
    expect(what(dba, existing([role('ops')], ['ops', 'pg_signal_backend'])).leftOut).toEqual([]);
  });

  test.each(['SET', 'ALTER SYSTEM'] as const)(
    'to %s a parameter do not come to a role that exists',
    (privilege) => {
      const all = {
        ...archived([role('app'), role('ops')], ['app', 'ops']),
        parameterGrants: [may('ops', privilege)],
      };
      expect(what(all, existing([role('app')]))).toEqual({
        restored: [`right of ops to ${privilege} archive_command`],
        leftOut: ['membership of app in ops: it would give app, which exists, rights over others'],
      });
    },
  );

  test('by way of a new role come to one that exists and has them', () => {
    const all = archived([role('app'), role('team')], ['app', 'team'], ['team', 'pg_monitor']);
    const there = existing([role('app')], ['app', 'pg_monitor']);
    expect(what(all, there).leftOut).toEqual([]);
  });

  test('end with a circle of a forged archive', () => {
    const all = archived([role('a'), role('b')], ['a', 'b'], ['b', 'a']);
    expect(what(all, existing([role('a')])).leftOut).toEqual([]);
  });
});
