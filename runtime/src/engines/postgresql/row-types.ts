import type { Client } from 'pg';
import type { Fingerprint } from '../engine.ts';
import { itemOf, type Table } from './items.ts';

/** Columns of the inherited tables whose rows a table holds in columns of its own, by item: `public.c (b, a)`. */
export type RowTypes = ReadonlyMap<string, string>;

/** Also in arrays, domains and composite types. */
const holdersSql = `
  WITH RECURSIVE inherited(type, origin) AS (
    SELECT reltype, c.oid FROM pg_class c JOIN pg_inherits ON inhrelid = c.oid WHERE NOT relispartition
    UNION
    SELECT outer_type, origin FROM inherited JOIN LATERAL (
      SELECT oid FROM pg_type WHERE typelem = type OR typbasetype = type
      UNION ALL SELECT reltype FROM pg_class JOIN pg_attribute ON attrelid = pg_class.oid
        WHERE atttypid = type AND attnum > 0 AND NOT attisdropped) o(outer_type) ON true)
  SELECT n.nspname AS schema, c.relname AS name, string_agg(DISTINCT format('%I.%I (%s)', hn.nspname, h.relname,
    (SELECT string_agg(quote_ident(attname), ', ' ORDER BY attnum) FROM pg_attribute
      WHERE attrelid = origin AND attnum > 0 AND NOT attisdropped)), ', ') AS types
  FROM inherited
    JOIN pg_attribute a ON a.atttypid = type AND a.attnum > 0 AND NOT a.attisdropped
    JOIN pg_class c ON c.oid = a.attrelid AND c.relkind = 'r' JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_class h ON h.oid = origin JOIN pg_namespace hn ON hn.oid = h.relnamespace
  GROUP BY 1, 2`;

/**
 * What the text of rows does not show: pg_dump moves inherited columns to the front of a table, but writes a row that a column
 * holds by position, so that its values come back under other names.
 */
export const readRowTypes = async (client: Client): Promise<RowTypes> => {
  const { rows } = await client.query<Table & { types: string }>(holdersSql);
  return new Map(rows.map((row) => [itemOf(row), row.types]));
};

/** The types of those that have rows are measured too. */
export const withRowTypes = (counted: Fingerprint, rowTypes: RowTypes): Fingerprint => {
  const typed = [...rowTypes].filter(([item]) => (counted[item]?.['rows'] ?? 0) !== 0);
  return {
    ...counted,
    ...Object.fromEntries(typed.map(([item, types]) => [item, { ...counted[item], rowTypes: types }])),
  };
};
