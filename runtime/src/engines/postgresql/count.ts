import type { Client } from 'pg';
import type { Fingerprint } from '../engine.ts';
import { identifier } from './client.ts';
import { fixText, hashLargeObjects, hashRows } from './hash.ts';

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

/** Rows per table, and large objects, as the client's transaction sees them; with hashes of content where wanted. */
export const countRows = async (
  client: Client,
  tables: readonly Table[],
  hashed = false,
): Promise<Fingerprint> => {
  if (hashed) await fixText(client);
  const items: [string, Readonly<Record<string, number | string>>][] = [];
  for (const table of tables) {
    const from = `ONLY ${qualified(table)}`;
    const rows = await count(client, from);
    items.push([itemOf(table), { rows, ...(hashed && { hash: await hashRows(client, from) }) }]);
  }
  const objects = await count(client, 'pg_largeobject_metadata');
  if (objects === 0) return Object.fromEntries(items);
  const content = hashed && { hash: await hashLargeObjects(client) };
  return Object.fromEntries([...items, [largeObjects, { objects, ...content }]]);
};

/** Counts of some tables alone: large objects belong to none. */
export const pick = (fingerprint: Fingerprint, items: readonly string[]): Fingerprint =>
  Object.fromEntries(items.flatMap((item) => (fingerprint[item] ? [[item, fingerprint[item]]] : [])));

/** Whether a fingerprint has hashes of content. */
export const isHashed = (fingerprint: Fingerprint): boolean =>
  Object.values(fingerprint).some(({ hash }) => hash !== undefined);

/** Starts a transaction whose reads all see one moment, with no limit of the role's that would cut a long count. */
export const beginSnapshot = async (client: Client): Promise<void> => {
  for (const limit of ['statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout'])
    await client.query(`SET ${limit} = 0`);
  await client.query('SET row_security = off'); // fail rather than count less
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
};

/** Counts a database now. */
export const countNow = async (client: Client, hashed = false): Promise<Fingerprint> => {
  await beginSnapshot(client);
  const counted = await countRows(client, await listTables(client), hashed);
  await client.query('COMMIT');
  return counted;
};
