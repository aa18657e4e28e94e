import type { Client } from 'pg';
import type { Fingerprint } from '../engine.ts';
import { BackupError } from '../../core/errors.ts';
import { identifier } from './client.ts';
import { hashLargeObjects, hashRows, readColumns, type Columns } from './hash.ts';
import { itemOf, largeObjects, type Table } from './items.ts';

export { itemOf, largeObjects, type Table };

/** A table, or a partitioned one, whose rows are those of its partitions. */
interface Relation extends Table {
  readonly partitioned: boolean;
  /** False for an unlogged table of a standby, which nobody can read there, pg_dump neither: it counts as empty. */
  readonly readable: boolean;
  /** Whether the account may lock and read it. */
  readonly allowed: boolean;
}

/** Tables that a message names. */
const named = 5;

/**
 * Ordinary tables and leaves of partitioned ones, what pg_dump writes rows of, after the partitioned ones. Members of extensions
 * are left out, because their rows come from CREATE EXTENSION.
 */
const relationsSql = `
  SELECT n.nspname AS schema, c.relname AS name, c.relkind = 'p' AS partitioned,
    NOT (c.relpersistence = 'u' AND pg_is_in_recovery()) AS readable,
    coalesce(has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'), true) AS allowed
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('p', 'r') AND c.relpersistence <> 't'
    AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_(toast|temp)'
    AND NOT EXISTS (SELECT FROM pg_depend d
                    WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
  ORDER BY c.relkind = 'r', 1, 2`;

export const listRelations = async (client: Client): Promise<readonly Relation[]> =>
  (await client.query<Relation>(relationsSql)).rows;

/** Those that have rows of their own. */
export const tablesOf = (relations: readonly Relation[]): readonly Relation[] =>
  relations.filter(({ partitioned }) => !partitioned);

export const listTables = async (client: Client): Promise<readonly Relation[]> =>
  tablesOf(await listRelations(client));

/** @throws BackupError source.refused where the account may not read what pg_dump reads */
export const assertAllowed = (relations: readonly Relation[]): void => {
  const closed = relations.filter(({ allowed }) => !allowed).map(itemOf);
  if (closed.length === 0) return;
  const more = closed.length > named ? ` and ${closed.length - named} more` : '';
  throw new BackupError(
    'source.refused',
    `postgresql: permission denied for table ${closed.slice(0, named).join(', ')}${more}; the account needs SELECT on it and USAGE on its schema`,
  );
};

/**
 * Whether a table was emptied or rewritten since the snapshot of the client's transaction, which then finds no rows in it:
 * https://www.postgresql.org/docs/current/mvcc-caveats.html. The catalogue is as of the snapshot, the function as of now.
 */
export const wasRewritten = async (client: Client): Promise<boolean> => {
  const changed = `SELECT FROM pg_class WHERE relkind = 'r' AND oid >= 16384 AND relfilenode <> pg_relation_filenode(oid) LIMIT 1`;
  return (await client.query(changed)).rowCount === 1;
};

const qualified = ({ schema, name }: Table): string => `${identifier(schema)}.${identifier(name)}`;

/** Tables locked by one statement: bounds its length. */
const tablesPerLock = 500;

/** Keeps tables from being dropped or truncated, partitioned ones first, as pg_dump does, until they are counted. */
export const lockTables = async (client: Client, relations: readonly Table[]): Promise<void> => {
  for (let index = 0; index < relations.length; index += tablesPerLock) {
    const names = relations.slice(index, index + tablesPerLock).map((table) => `ONLY ${qualified(table)}`);
    await client.query(`LOCK TABLE ${names.join(', ')} IN ACCESS SHARE MODE`);
  }
};

const count = async (client: Client, from: string): Promise<number> =>
  Number((await client.query<{ count: string }>(`SELECT count(*) FROM ${from}`)).rows[0]?.count);

/** Rows per table, and large objects, as the client's transaction sees them; with hashes of content where wanted. */
export const countRows = async (
  client: Client,
  tables: readonly (Table & Partial<Relation>)[],
  hashed = false,
): Promise<Fingerprint> => {
  const columns: Columns = hashed ? await readColumns(client) : new Map();
  const items: [string, Readonly<Record<string, number | string>>][] = [];
  for (const table of tables) {
    const item = itemOf(table);
    const from = table.readable === false ? '(SELECT WHERE false)' : `ONLY ${qualified(table)}`;
    const rows = await count(client, `${from} AS counted`);
    items.push([item, { rows, ...(hashed && { hash: await hashRows(client, from, columns.get(item)) }) }]);
  }
  const objects = await count(client, 'pg_largeobject_metadata');
  if (objects === 0) return Object.fromEntries(items);
  const content = hashed && { hash: await hashLargeObjects(client) };
  return Object.fromEntries([...items, [largeObjects, { objects, ...content }]]);
};

/** Counts of some tables alone: large objects belong to none. */
export const pick = (fingerprint: Fingerprint, items: readonly string[]): Fingerprint =>
  Object.fromEntries(items.flatMap((item) => (fingerprint[item] ? [[item, fingerprint[item]]] : [])));

/** Whether a fingerprint has hashes of content that the server made by queries. */
export const isHashed = (fingerprint: Fingerprint): boolean =>
  Object.values(fingerprint).some(({ hash }) => hash !== undefined);

/** Whether a fingerprint has hashes of content as pg_dump printed it. */
export const isCopied = (fingerprint: Fingerprint): boolean =>
  Object.values(fingerprint).some(({ content }) => content !== undefined);

/** Starts a transaction whose reads all see one moment. */
export const beginSnapshot = (client: Client): Promise<unknown> =>
  client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');

/** Counts a database that nobody else writes to: table by table, so that no more is locked than for one of them. */
export const countEach = async (client: Client, hashed = false): Promise<Fingerprint> =>
  countRows(client, await listTables(client), hashed);

/** Counts a database now. */
export const countNow = async (client: Client, hashed = false): Promise<Fingerprint> => {
  await beginSnapshot(client);
  const counted = await countEach(client, hashed);
  await client.query('COMMIT');
  return counted;
};
