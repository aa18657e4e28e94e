import type { Client } from 'pg';
import { identifier } from './client.ts';
import { itemOf, type Table } from './items.ts';

/** Both halves of the MD5 of each row are added up: order does not matter, a row that comes twice does. */
const sumSql = (text: string, from: string): string => `
  SELECT md5(coalesce(sum(('x' || left(h, 16))::bit(64)::bigint::numeric), 0) || ':'
    || coalesce(sum(('x' || right(h, 16))::bit(64)::bigint::numeric), 0)) AS hash
  FROM (SELECT md5(${text}) AS h FROM ${from}) hashed`;

/** An alias that no column has, so that it means the row. */
const row = '"the row of grill-backup"';

/** Order-free hash of a table's rows, 32 hexadecimal digits. `columns` stand for the row where they are given. */
export const hashRows = async (
  client: Client,
  from: string,
  columns: readonly string[] | undefined,
): Promise<string> => {
  const text = columns ? `ROW(${columns.map((name) => `${row}.${identifier(name)}`).join(', ')})` : row;
  return (await client.query<{ hash: string }>(sumSql(`${text}::text`, `${from} AS ${row}`))).rows[0]!.hash;
};

/** Names of columns by item; tables that are not among them have the order of their own. */
export type Columns = ReadonlyMap<string, readonly string[]>;

interface Heir extends Table {
  readonly parents: readonly Table[];
  readonly columns: readonly string[];
}

const heirsSql = `
  SELECT n.nspname AS schema, c.relname AS name,
    array(SELECT attname::text FROM pg_attribute WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped ORDER BY attnum) AS columns,
    (SELECT coalesce(json_agg(json_build_object('schema', pn.nspname, 'name', p.relname) ORDER BY inhseqno), '[]')
      FROM pg_inherits JOIN pg_class p ON p.oid = inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
      WHERE inhrelid = c.oid) AS parents
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.oid IN (SELECT inhrelid FROM pg_inherits UNION SELECT inhparent FROM pg_inherits)
    AND c.relkind = 'r' AND NOT c.relispartition`;

/**
 * Columns of inherited tables in the order that a restore gives them, whatever it was: pg_dump writes CREATE TABLE … INHERITS,
 * which puts those of the parents first.
 */
export const readColumns = async (client: Client): Promise<Columns> => {
  const { rows } = await client.query<Heir>(heirsSql);
  const heirs = new Map(rows.map((heir) => [itemOf(heir), heir]));
  const orderOf = (item: string): readonly string[] => {
    const { parents, columns } = heirs.get(item) ?? { parents: [], columns: [] };
    return [...new Set([...parents.flatMap((parent) => orderOf(itemOf(parent))), ...columns])];
  };
  return new Map([...heirs.keys()].map((item) => [item, orderOf(item)]));
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
  (await client.query<{ hash: string }>(sumSql(`oid || ':' || ${objectSql}`, 'pg_largeobject_metadata')))
    .rows[0]!.hash;
