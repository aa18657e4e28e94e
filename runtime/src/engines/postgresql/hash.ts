import type { Client } from 'pg';
import { BackupError } from '../../core/errors.ts';
import { identifier, queryRow } from './client.ts';
import { itemOf, type Table } from './items.ts';

/** Both halves of the MD5 of each row are added up: order does not matter, a row that comes twice does. */
const sumSql = (text: string, from: string): string => `
  SELECT md5(coalesce(sum(('x' || left(h, 16))::bit(64)::bigint::numeric), 0) || ':'
    || coalesce(sum(('x' || right(h, 16))::bit(64)::bigint::numeric), 0)) AS hash
  FROM (SELECT md5(${text}) AS h FROM ${from}) hashed`;

/** An alias that no column has, so that it means the row. */
const row = '"the row of grill-backup"';

/** Order-free hash of a table's rows, 32 hexadecimal digits. `columns`, as SQL, stand for the row where they are given. */
export const hashRows = async (
  client: Client,
  from: string,
  columns: readonly string[] | undefined,
): Promise<string> => {
  // Not the row itself: its owner may have made a cast of its type to text, which would run with our rights.
  const text = `ROW(${columns?.join(', ') ?? `${row}.*`})`;
  return (await queryRow<{ hash: string }>(client, sumSql(`${text}::text`, `${from} AS ${row}`))).hash;
};

/** Columns by item, as SQL; tables that are not among them have the order of their own. */
export type Columns = ReadonlyMap<string, readonly string[]>;

interface Heir extends Table {
  readonly parents: readonly Table[];
  readonly columns: readonly string[];
  /** Columns that hold rows of inherited tables, also in arrays, domains and composite types. */
  readonly holders: readonly string[];
}

const heirsSql = `
  WITH RECURSIVE inherited(type) AS (
    SELECT reltype FROM pg_class JOIN pg_inherits ON inhrelid = pg_class.oid WHERE NOT relispartition
    UNION
    SELECT outer_type FROM inherited JOIN LATERAL (
      SELECT oid FROM pg_type WHERE typelem = type OR typbasetype = type
      UNION ALL SELECT reltype FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE atttypid = type AND attnum > 0 AND NOT attisdropped) o(outer_type) ON true),
  holders(relation, name) AS (
    SELECT attrelid, attname::text FROM pg_attribute
    WHERE atttypid IN (SELECT type FROM inherited) AND attnum > 0 AND NOT attisdropped)
  SELECT n.nspname AS schema, c.relname AS name,
    array(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum) AS columns,
    array(SELECT h.name FROM holders h WHERE relation = c.oid) AS holders,
    (SELECT coalesce(json_agg(json_build_object('schema', pn.nspname, 'name', p.relname) ORDER BY inhseqno), '[]')
      FROM pg_inherits JOIN pg_class p ON p.oid = inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
      WHERE inhrelid = c.oid) AS parents
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind = 'r' AND (c.oid IN (SELECT relation FROM holders) OR NOT c.relispartition
    AND c.oid IN (SELECT inhrelid FROM pg_inherits UNION SELECT inhparent FROM pg_inherits))`;

/** A row of an inherited table by the names of its columns: dumped by position, it comes back with its values exchanged. */
const columnSql = (name: string, heir: Heir): string => {
  const column = `${row}.${identifier(name)}`;
  return heir.holders.includes(name) ? `to_jsonb(${column})` : column;
};

/** `to_jsonb` calls casts to json that somebody made, with our rights. @throws BackupError source.unsupported */
const assertPlainJson = async (client: Client): Promise<void> => {
  const { rows } = await client.query<{ type: string }>(
    `SELECT castsource::regtype::text AS type FROM pg_cast
     WHERE casttarget = 'json'::regtype AND castfunc <> 0 AND oid >= 16384`,
  );
  if (rows.length === 0) return;
  const types = rows.map(({ type }) => type).join(', ');
  throw new BackupError(
    'source.unsupported',
    `connection.contentHash: a table has a column with rows of an inherited table, and a cast to json is a function of its own: ${types}`,
  );
};

/**
 * Columns of inherited tables in the order that a restore gives them, whatever it was: pg_dump writes CREATE TABLE … INHERITS,
 * which puts those of the parents first.
 */
export const readColumns = async (client: Client): Promise<Columns> => {
  const { rows } = await client.query<Heir>(heirsSql);
  if (rows.some(({ holders }) => holders.length > 0)) await assertPlainJson(client);
  const heirs = new Map(rows.map((heir) => [itemOf(heir), heir]));
  const orderOf = (item: string): readonly string[] => {
    const { parents, columns } = heirs.get(item) ?? { parents: [], columns: [] };
    return [...new Set([...parents.flatMap((parent) => orderOf(itemOf(parent))), ...columns])];
  };
  return new Map(
    [...heirs].map(([item, heir]) => [item, orderOf(item).map((name) => columnSql(name, heir))]),
  );
};

/** The longest large object that `lo_get` reads at once, in bytes: MaxAllocSize less its header (be-fsstubs.c). */
const longestReadBytes = 0x3fff_ffff - 4;
const pieceBytes = 1 << 28;
/** Pieces of the longest large object, of 4 TiB. */
const mostPieces = (1 << 14) - 1;

const objectSql = `CASE WHEN length(lo_get(oid, ${longestReadBytes}, 1)) = 0 THEN md5(lo_get(oid)) ELSE (
  SELECT md5(string_agg(md5(lo_get(oid, n * ${pieceBytes}::bigint, ${pieceBytes})), '' ORDER BY n))
  FROM generate_series(0, ${mostPieces}) n WHERE length(lo_get(oid, n * ${pieceBytes}::bigint, 1)) > 0) END`;

/** As `hashRows`, of the large objects and their numbers; those over 1 GiB in pieces. */
export const hashLargeObjects = async (client: Client): Promise<string> =>
  (await queryRow<{ hash: string }>(client, sumSql(`oid || ':' || ${objectSql}`, 'pg_largeobject_metadata')))
    .hash;
