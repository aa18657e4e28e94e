import type { Client } from 'pg';
import type { Fingerprint } from '../engine.ts';
import { identifier } from './client.ts';

export interface Table {
  readonly schema: string;
  readonly name: string;
}

/** Item of a fingerprint that stands for a table. */
export const itemOf = ({ schema, name }: Table): string => `${schema}.${name}`;

/** Item that counts large objects; a dot would make it a table. */
export const largeObjects = 'large objects';

/**
 * Ordinary tables and leaves of partitioned ones: what pg_dump writes rows of. Members of extensions are left out,
 * because their rows come from CREATE EXTENSION.
 */
const tablesSql = `
  SELECT n.nspname AS schema, c.relname AS name
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY 1, 2`;

export const listTables = async (client: Client): Promise<readonly Table[]> =>
  (await client.query<Table>(tablesSql)).rows;

const qualified = ({ schema, name }: Table): string => `${identifier(schema)}.${identifier(name)}`;

/** Tables locked by one statement: bounds its length. */
const tablesPerLock = 500;

/** Keeps tables from being dropped or truncated, as pg_dump does, until they are counted. */
export const lockTables = async (client: Client, tables: readonly Table[]): Promise<void> => {
  for (let index = 0; index < tables.length; index += tablesPerLock) {
    const names = tables.slice(index, index + tablesPerLock).map(qualified);
    await client.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
  }
};

const count = async (client: Client, from: string): Promise<number> =>
  Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${from}`)).rows[0]?.count);

/** Rows per table, and large objects, as the client's transaction sees them. */
export const countRows = async (client: Client, tables: readonly Table[]): Promise<Fingerprint> => {
  const items: [string, Readonly<Record<string, number>>][] = [];
  for (const table of tables)
    items.push([itemOf(table), { rows: await count(client, `ONLY ${qualified(table)}`) }]);
  const objects = await count(client, 'pg_largeobject_metadata');
  return Object.fromEntries(objects ? [...items, [largeObjects, { objects }]] : items);
};

/** Starts a transaction whose reads all see one moment, with no limit of the role's that would cut a long count. */
export const beginSnapshot = async (client: Client): Promise<void> => {
  for (const limit of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'])
    await client.query(`SET ${limit} = 0`);
  await client.query('SET row_security = off'); // fail rather than count less
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
};

/** Counts a database now. */
export const countNow = async (client: Client): Promise<Fingerprint> => {
  await beginSnapshot(client);
  const counted = await countRows(client, await listTables(client));
  await client.query('COMMIT');
  return counted;
};
