import type { Client } from 'pg';
import { z } from 'zod';
import { queryRow } from './client.ts';
import { longestSettingBytes } from './setting.ts';

const role = z.strictObject({
  name: z.string(),
  superuser: z.boolean(),
  inherit: z.boolean(),
  createRole: z.boolean(),
  createDatabase: z.boolean(),
  login: z.boolean(),
  replication: z.boolean(),
  bypassRowSecurity: z.boolean(),
  connectionLimit: z.int(),
  /** Verifier as in pg_authid; null where there is none or it may not be read. */
  password: z.string().nullable(),
  /** A time with its offset, or `infinity`. */
  validUntil: z.string().nullable(),
  comment: z.string().nullable(),
});

const membership = z.strictObject({
  role: z.string(),
  member: z.string(),
  grantor: z.string().nullable(),
  admin: z.boolean(),
  /** Since PostgreSQL 16; null before. */
  inherit: z.boolean().nullable(),
  set: z.boolean().nullable(),
});

/** What a server has besides its databases, as data, never as SQL: entry `roles.json`. */
export const serverRoles = z.strictObject({
  schemaVersion: z.literal(1),
  roles: z.array(role),
  memberships: z.array(membership),
  /** Of ALTER ROLE … SET, in all databases. */
  settings: z.array(z.strictObject({ role: z.string(), name: z.string(), value: z.string() })),
  /** Of GRANT … ON PARAMETER, since PostgreSQL 15. */
  parameterGrants: z.array(
    z.strictObject({
      parameter: z.string(),
      grantee: z.string(),
      privilege: z.enum(['SET', 'ALTER SYSTEM']),
      grantable: z.boolean(),
    }),
  ),
  /** In words: settings of all roles, and those too long to be saved. */
  leftOut: z.array(z.string()),
});

export type ServerRoles = z.output<typeof serverRoles>;
export type Role = ServerRoles['roles'][number];
export type Membership = ServerRoles['memberships'][number];

const rolesSql = (passwords: boolean): string => `
  SELECT coalesce(json_agg(json_build_object(
    'name', rolname, 'superuser', rolsuper, 'inherit', rolinherit, 'createRole', rolcreaterole,
    'createDatabase', rolcreatedb, 'login', rolcanlogin, 'replication', rolreplication,
    'bypassRowSecurity', rolbypassrls, 'connectionLimit', rolconnlimit,
    'password', ${passwords ? 'rolpassword' : 'NULL::text'}, 'validUntil', rolvaliduntil,
    'comment', shobj_description(oid, 'pg_authid')) ORDER BY oid), '[]')
  FROM ${passwords ? 'pg_authid' : 'pg_roles'} WHERE rolname !~ '^pg_'`;

/** Those with the admin option first: their members grant the others. */
const membershipsSql = `
  SELECT coalesce(json_agg(json_build_object(
    'role', r.rolname, 'member', m.rolname, 'grantor', g.rolname, 'admin', a.admin_option,
    'inherit', to_jsonb(a) -> 'inherit_option', 'set', to_jsonb(a) -> 'set_option')
    ORDER BY a.admin_option DESC, r.oid, m.oid), '[]')
  FROM pg_auth_members a JOIN pg_roles r ON r.oid = a.roleid JOIN pg_roles m ON m.oid = a.member
  LEFT JOIN pg_roles g ON g.oid = a.grantor WHERE m.rolname !~ '^pg_'`;

const settingsSql = `
  SELECT coalesce(json_agg(json_build_object('role', r.rolname, 'name', split_part(c, '=', 1),
    'value', substr(c, strpos(c, '=') + 1))), '[]')
  FROM pg_db_role_setting s JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
  WHERE s.setdatabase = 0 AND r.rolname !~ '^pg_' AND octet_length(c) <= ${longestSettingBytes}`;

/** Settings of all roles belong to nobody who would come back with them. */
const leftOutSql = `
  SELECT coalesce(json_agg(format('setting %s of %s', split_part(c, '=', 1), coalesce('role ' || r.rolname,
    CASE s.setdatabase WHEN 0 THEN 'all roles' ELSE 'the database' END))), '[]')
  FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
  WHERE s.setdatabase IN (0, (SELECT oid FROM pg_database WHERE datname = current_database()))
    AND (octet_length(c) > ${longestSettingBytes} OR s.setrole = 0 AND s.setdatabase = 0)`;

/** Of others than the bootstrap superuser, who owns them all and has number 10 (pg_authid.dat). */
const parametersSql = `
  SELECT coalesce(json_agg(json_build_object('parameter', p.parname, 'grantee', r.rolname,
    'privilege', a.privilege_type, 'grantable', a.is_grantable)), '[]')
  FROM pg_parameter_acl p, aclexplode(p.paracl) a JOIN pg_roles r ON r.oid = a.grantee WHERE a.grantee <> 10`;

const allSql = (passwords: boolean, parameters: boolean): string => `
  SELECT json_build_object(
    'schemaVersion', 1,
    'roles', (${rolesSql(passwords)}),
    'memberships', (${membershipsSql}),
    'settings', (${settingsSql}),
    'parameterGrants', ${parameters ? `(${parametersSql})` : `'[]'::json`},
    'leftOut', (${leftOutSql})
  ) AS roles`;

/** Whether the server knows GRANT … ON PARAMETER. */
export const hasParameterGrants = async (client: Client): Promise<boolean> =>
  (await client.query(`SELECT WHERE to_regclass('pg_catalog.pg_parameter_acl') IS NOT NULL`)).rowCount === 1;

/** Reads the server's roles in the client's snapshot; without password verifiers where the account may not read them. */
export const readRoles = async (client: Client, passwords: boolean): Promise<ServerRoles> => {
  const sql = allSql(passwords, await hasParameterGrants(client));
  const { roles } = await queryRow<{ roles: unknown }>(client, sql);
  return serverRoles.parse(roles);
};
