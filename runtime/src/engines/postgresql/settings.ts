import type { Client } from 'pg';
import { z } from 'zod';
import { identifier, literal } from './client.ts';
import { longestSettingBytes, settingSql } from './setting.ts';

/**
 * What pg_restore does not restore into a database of another name: entry `database.json`. Settings are those of
 * ALTER DATABASE … SET, grants those on the database itself (absent: the default ones), tablespaces all of the server's.
 */
export const databaseSettings = z.strictObject({
  schemaVersion: z.literal(1),
  name: z.string(),
  serverVersion: z.string(),
  owner: z.string(),
  encoding: z.string(),
  collate: z.string(),
  ctype: z.string(),
  localeProvider: z.enum(['libc', 'icu', 'builtin']),
  icuLocale: z.string().nullable(),
  /** Since PostgreSQL 16; absent in archives of earlier versions. */
  icuRules: z.string().nullable().optional(),
  connectionLimit: z.int(),
  comment: z.string().nullable(),
  settings: z.array(z.strictObject({ role: z.string().nullable(), name: z.string(), value: z.string() })),
  grants: z
    .array(
      z.strictObject({
        grantee: z.string().nullable(),
        privilege: z.enum(['CREATE', 'CONNECT', 'TEMPORARY']),
        grantable: z.boolean(),
      }),
    )
    .nullable(),
  /** Of the database itself; absent in archives of earlier versions. */
  tablespace: z.string().optional(),
  tablespaces: z.array(z.string()),
  extensionTables: z.array(z.string()),
});

export type DatabaseSettings = z.output<typeof databaseSettings>;

/** One JSON value. pg_settings' values keep their text; a list such as search_path is set as written. */
const settingsSql = `
  SELECT json_build_object(
    'schemaVersion', 1,
    'name', d.datname,
    'serverVersion', current_setting('server_version'),
    'owner', pg_get_userbyid(d.datdba),
    'encoding', pg_encoding_to_char(d.encoding),
    'collate', d.datcollate,
    'ctype', d.datctype,
    'localeProvider', CASE to_jsonb(d) ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
    'icuLocale', coalesce(to_jsonb(d) ->> 'daticulocale', to_jsonb(d) ->> 'datlocale'),
    'icuRules', to_jsonb(d) ->> 'daticurules',
    'connectionLimit', d.datconnlimit,
    'comment', shobj_description(d.oid, 'pg_database'),
    'settings', (
      SELECT coalesce(json_agg(json_build_object('role', r.rolname, 'name', split_part(c, '=', 1),
        'value', substr(c, strpos(c, '=') + 1))), '[]')
      FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole, unnest(s.setconfig) c
      WHERE s.setdatabase = d.oid AND octet_length(c) <= ${longestSettingBytes}),
    'grants', CASE WHEN d.datacl IS NOT NULL THEN (
      SELECT coalesce(json_agg(json_build_object('grantee', r.rolname, 'privilege', a.privilege_type,
        'grantable', a.is_grantable)), '[]')
      FROM aclexplode(d.datacl) a LEFT JOIN pg_roles r ON r.oid = a.grantee) END,
    'tablespace', (SELECT spcname FROM pg_tablespace t WHERE t.oid = d.dattablespace),
    'tablespaces', (SELECT coalesce(json_agg(spcname), '[]') FROM pg_tablespace WHERE spcname !~ '^pg_'),
    'extensionTables', (
      SELECT coalesce(json_agg(n.nspname || '.' || c.relname), '[]')
      FROM pg_depend e JOIN pg_class c ON c.oid = e.objid JOIN pg_namespace n ON n.oid = c.relnamespace
      WHERE e.classid = 'pg_class'::regclass AND e.deptype = 'e' AND c.relkind = 'r')
  ) AS settings
  FROM pg_database d WHERE d.datname = current_database()`;

export const readSettings = async (client: Client): Promise<DatabaseSettings> =>
  databaseSettings.parse((await client.query<{ settings: unknown }>(settingsSql)).rows[0]?.settings);

const localeSql = ({ localeProvider, icuLocale, icuRules }: DatabaseSettings): string => {
  if (localeProvider === 'libc') return '';
  const rules = icuRules ? ` ICU_RULES ${literal(icuRules)}` : '';
  return localeProvider === 'icu'
    ? ` LOCALE_PROVIDER icu ICU_LOCALE ${literal(icuLocale ?? '')}${rules}`
    : ` LOCALE_PROVIDER builtin BUILTIN_LOCALE ${literal(icuLocale ?? '')}`;
};

/** Whether the server has the tablespace of the archive's database. */
export const hasTablespace = async (client: Client, { tablespace }: DatabaseSettings): Promise<boolean> =>
  (await client.query('SELECT FROM pg_tablespace WHERE spcname = $1', [tablespace])).rowCount === 1;

/** CREATE DATABASE under another name, with no limit of connections meanwhile; in its tablespace where `placed`. */
export const createSql = (settings: DatabaseSettings, name: string, placed = false): string =>
  `CREATE DATABASE ${identifier(name)} TEMPLATE template0 OWNER ${identifier(settings.owner)}` +
  ` ENCODING ${literal(settings.encoding)} LC_COLLATE ${literal(settings.collate)} LC_CTYPE ${literal(settings.ctype)}` +
  localeSql(settings) +
  (placed ? ` TABLESPACE ${identifier(settings.tablespace ?? 'pg_default')}` : '');

const grantSql = (
  database: string,
  owner: string,
  grant: NonNullable<DatabaseSettings['grants']>[number],
): string => {
  const grantee = grant.grantee === null ? 'PUBLIC' : identifier(grant.grantee);
  const option = grant.grantable && grant.grantee !== owner ? ' WITH GRANT OPTION' : '';
  return `GRANT ${grant.privilege} ON DATABASE ${database} TO ${grantee}${option}`;
};

/** Settings of the old database for the new one. */
export const applySql = ({ settings }: DatabaseSettings, name: string): readonly string[] =>
  settings.map(({ role, ...setting }) => {
    const database = identifier(name);
    const target =
      role === null ? `DATABASE ${database}` : `ROLE ${identifier(role)} IN DATABASE ${database}`;
    return `ALTER ${target} SET ${settingSql(setting)}`;
  });

/** Opens the new database, which was closed meanwhile, to whom the old one was open: grants, limit; and its comment. */
export const openSql = (settings: DatabaseSettings, name: string): readonly string[] => {
  const database = identifier(name);
  const { owner, grants, comment, connectionLimit } = settings;
  return [
    ...(grants === null
      ? [`GRANT CONNECT ON DATABASE ${database} TO PUBLIC`]
      : [
          `REVOKE ALL ON DATABASE ${database} FROM PUBLIC, ${identifier(owner)}`,
          ...grants.map((grant) => grantSql(database, owner, grant)),
        ]),
    `COMMENT ON DATABASE ${database} IS ${comment === null ? 'NULL' : literal(comment)}`,
    `ALTER DATABASE ${database} ALLOW_CONNECTIONS true CONNECTION LIMIT ${connectionLimit}`,
  ];
};
