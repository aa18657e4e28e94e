import type { Client } from 'pg';
import type { RunContext } from '../../../core/context.ts';
import type { Comparison, DumpedInstant } from '../../engine-agreement.ts';
import { differences, type Fingerprint } from '../../fingerprint.ts';
import { withClient, type PostgresqlSource } from '../client.ts';
import { countNow, isCopied } from '../count.ts';
import { itemOf, named, type Table } from '../items.ts';
import { countCopied } from '../recount.ts';
import { parseSnapshot } from './snapshot.ts';

/** Transactions that are committed here, and that the dump did not see: none, or this is another instant. */
const unseenSql = `
  WITH newest AS MATERIALIZED (SELECT txid_current() AS id), unseen AS (
    SELECT unnest($1::bigint[]) AS id
    UNION ALL SELECT generate_series($2::bigint, (SELECT id FROM newest)))
  SELECT id::text FROM unseen
  WHERE CASE WHEN id < (SELECT id FROM newest) THEN txid_status(id) END = 'committed' ORDER BY unseen.id LIMIT 1`;

const firstUnseen = async (client: Client, seen: string): Promise<string | undefined> => {
  const { running, xmax } = parseSnapshot(seen);
  const { rows } = await client.query<{ id: string }>(unseenSql, [running.map(String), `${xmax}`]);
  return rows[0]?.id;
};

/** The log has nothing of what is in them. */
const unloggedSql = `
  SELECT nspname AS schema, relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = relnamespace
  WHERE relpersistence = 'u' AND relkind = 'r' ORDER BY 1, 2`;

const unloggedIn = async (client: Client): Promise<readonly string[]> =>
  (await client.query<Table>(unloggedSql)).rows.map(itemOf);

const without = (counted: Fingerprint, items: readonly string[]): Fingerprint =>
  Object.fromEntries(
    Object.entries(counted)
      .filter(([item]) => !items.includes(item))
      .map(([item, { rowTypes: _, ...measures }]) => [item, measures]),
  );

const countLike = (
  context: RunContext,
  source: PostgresqlSource,
  like: Fingerprint,
): Promise<Fingerprint> => {
  const { database } = source.connection;
  return isCopied(like)
    ? countCopied({ context, source, database })
    : withClient(source, database, (client) => countNow(client));
};

const notesOf = (counted: Fingerprint, unlogged: readonly string[]): readonly string[] => [
  ...(unlogged.length > 0
    ? [`not compared: unlogged tables, which are empty after a recovery: ${unlogged.join(', ')}`]
    : []),
  ...(isCopied(counted) || Object.keys(counted).length === 0
    ? []
    : ['compared by numbers of rows alone: the dump is of a form that this program does not know']),
];

/** Compares a server that was recovered to the point of a dump with what the dump holds, by content. */
export const compare = async (
  context: RunContext,
  source: PostgresqlSource,
  { seen, counted }: DumpedInstant,
): Promise<Comparison> => {
  const { unseen, unlogged } = await withClient(source, source.connection.database, async (client) => ({
    unseen: await firstUnseen(client, seen),
    unlogged: await unloggedIn(client),
  }));
  if (unseen !== undefined)
    return {
      none: `transaction ${unseen} had committed long before the dump, which did not see it yet`,
      differences: [],
      notes: [],
    };
  const found = named(counted, await countLike(context, source, counted));
  return {
    differences: differences(without(counted, unlogged), without(found, unlogged)),
    notes: notesOf(counted, unlogged),
  };
};
