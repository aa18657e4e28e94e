import fc from 'fast-check';
import { identifier, literal } from '../../runtime/src/engines/postgresql/client.ts';
import { hostileName, hostileText } from './hostile.ts';

/** A database whose every text is hostile. */
export interface HostileDatabase {
  /** Name of the database. */
  readonly database: string;
  /** Run as superuser in `postgres`: roles, with a login role `app`, and the database. */
  readonly roles: readonly string[];
  /** Run in the database, the most of it as `app`. */
  readonly objects: readonly string[];
  /** A table that others depend on, and one that can be restored alone. */
  readonly table: { readonly schema: string; readonly name: string };
  readonly lone: { readonly schema: string; readonly name: string };
}

/** Texts of one database; the same for the same seed. */
export const hostileDatabase = (canary: string, seed: number): HostileDatabase => {
  let drawn = seed * 1000;
  const text = (): string => fc.sample(hostileText(canary), { numRuns: 1, seed: (drawn += 1) })[0]!;
  const raw = (mark: string): string =>
    fc.sample(hostileName(canary, mark), { numRuns: 1, seed: (drawn += 1) })[0]!;
  const name = (mark: string): string => identifier(raw(mark));
  const quoted = (): string => literal(text());
  const database = raw('d');
  const table = { schema: raw('s'), name: raw('t') };
  const lone = { schema: table.schema, name: raw('1') };
  const [db, schema] = [identifier(database), identifier(table.schema)];
  const own = `${schema}.${identifier(table.name)}`;
  const [role, group, enumeration, domain, column, other] = ['r', 'g', 'e', 'o', 'c', 'u'].map(name) as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  return {
    database,
    table,
    lone,
    roles: [
      `CREATE ROLE app LOGIN PASSWORD 'of the app'`,
      `CREATE ROLE ${role} PASSWORD ${quoted()}`,
      `CREATE ROLE ${group} NOINHERIT`,
      `GRANT ${group} TO app WITH ADMIN OPTION`,
      `GRANT app TO ${role}`,
      `COMMENT ON ROLE app IS ${quoted()}`,
      `COMMENT ON ROLE ${role} IS ${quoted()}`,
      `CREATE DATABASE ${db} OWNER app`,
      `ALTER ROLE ${role} SET search_path TO ${quoted()}, ${quoted()}`,
      `ALTER ROLE ${group} SET ${identifier('my.var')} TO ${quoted()}`,
      `ALTER DATABASE ${db} SET ${identifier('my.other')} TO ${quoted()}`,
      `GRANT CONNECT ON DATABASE ${db} TO ${role} WITH GRANT OPTION`,
      `GRANT SET ON PARAMETER ${identifier('my.var')} TO ${role}`,
      `SET ROLE app`,
      `ALTER ROLE app SET search_path TO ${quoted()}, public`,
      `ALTER ROLE app SET application_name TO ${quoted()}`,
      `ALTER ROLE app SET search_path TO E'a\\nCREATE ROLE pwn;\\nALTER ROLE pwn WITH LOGIN; ALTER ROLE app SUPERUSER; DROP ROLE pwn; --\\nb'`,
      `ALTER ROLE app IN DATABASE ${db} SET search_path TO ${quoted()}`,
      `ALTER DATABASE ${db} SET search_path TO ${quoted()}, public`,
      `COMMENT ON DATABASE ${db} IS ${quoted()}`,
      `RESET ROLE`,
    ],
    objects: [
      `SET ROLE app`,
      `CREATE SCHEMA ${schema}`,
      `COMMENT ON SCHEMA ${schema} IS ${quoted()}`,
      `CREATE TYPE ${schema}.${enumeration} AS ENUM (${literal(raw('l'))}, ${literal(raw('m'))})`,
      `CREATE DOMAIN ${schema}.${domain} AS text DEFAULT ${quoted()} CONSTRAINT ${name('k')} CHECK (VALUE <> ${quoted()})`,
      `CREATE TABLE ${own} (${column} text DEFAULT ${quoted()}, ${other} ${schema}.${enumeration}, d ${schema}.${domain},
         CONSTRAINT ${name('k')} CHECK (${column} <> ${quoted()}))`,
      `INSERT INTO ${own} (${column}) VALUES (${quoted()}), (${quoted()}), (${quoted()}), (DEFAULT)`,
      `CREATE TABLE ${schema}.${identifier(lone.name)} AS SELECT ${quoted()} AS ${column}, n FROM generate_series(1, 5) n`,
      `COMMENT ON TABLE ${own} IS ${quoted()}`,
      `COMMENT ON COLUMN ${own}.${column} IS ${quoted()}`,
      `CREATE INDEX ${name('i')} ON ${own} ((${column} || ${quoted()})) WHERE ${column} <> ${quoted()}`,
      `CREATE TABLE ${schema}.${name('p')} (at text) PARTITION BY LIST (at)`,
      `CREATE FUNCTION ${schema}.${name('f')}(${name('a')} text DEFAULT ${quoted()}) RETURNS text LANGUAGE sql
         SET search_path TO ${quoted()} AS ${literal(`SELECT ${quoted()} -- ${text().replaceAll(/[\r\n]/g, ' ')}\n`)}`,
      `CREATE PROCEDURE ${schema}.${name('q')}() LANGUAGE plpgsql AS ${literal(`BEGIN PERFORM ${quoted()}; END`)}`,
      `CREATE VIEW ${schema}.${name('v')} AS SELECT ${column} AS ${name('x')}, ${quoted()} AS ${name('y')} FROM ${own}`,
      `CREATE SEQUENCE ${schema}.${name('z')}`,
      `ALTER DEFAULT PRIVILEGES IN SCHEMA ${schema} GRANT SELECT ON TABLES TO ${role}`,
      `GRANT SELECT (${column}) ON ${own} TO ${role}`,
      `ALTER TABLE ${own} ENABLE ROW LEVEL SECURITY`,
      `CREATE POLICY ${name('w')} ON ${own} TO ${role} USING (${column} <> ${quoted()})`,
      `CREATE STATISTICS ${schema}.${name('n')} ON ${column}, d FROM ${own}`,
      `CREATE TEXT SEARCH DICTIONARY ${schema}.${name('h')} (TEMPLATE = simple)`,
      `CREATE COLLATION ${schema}.${name('j')} (LOCALE = 'C')`,
      `SELECT lo_from_bytea(4711, convert_to(${quoted()}, 'UTF8'))`,
      `COMMENT ON LARGE OBJECT 4711 IS ${quoted()}`,
      `RESET ROLE`,
      `CREATE PUBLICATION ${name('b')} FOR TABLE ${own} WHERE (${column} <> ${quoted()})`,
      `CREATE FOREIGN DATA WRAPPER ${name('fdw')} OPTIONS (${identifier(raw('opt').replaceAll('=', ''))} ${quoted()})`, // PostgreSQL 15 refuses `=`,
    ],
  };
};
