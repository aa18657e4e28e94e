import type { Client } from 'pg';
import { identifier, literal, queryRow } from './client.ts';

/** Comment on what a restore makes and has not finished: what bears it is nobody's. */
export const unfinishedMark = 'grill-backup: unfinished restore';

export const markSql = (kind: 'DATABASE' | 'SCHEMA', name: string): string =>
  `COMMENT ON ${kind} ${identifier(name)} IS ${literal(unfinishedMark)}`;

/** One key for all that a restore makes under one ending. */
const keySql = 'hashtextextended($1, 0)';
const keyOf = (database: string, suffix: string): string => `grill-backup restore ${database} ${suffix}`;

/** Holds what a restore makes for as long as its session lives: the server lets go when the restore is killed. */
export const hold = (client: Client, database: string, suffix: string): Promise<unknown> =>
  client.query(`SELECT pg_advisory_lock(${keySql})`, [keyOf(database, suffix)]);

/** Whether a restore that lives holds it; asked in the database in which it is held. */
export const isHeld = async (client: Client, database: string, suffix: string): Promise<boolean> => {
  const key = keyOf(database, suffix);
  const sql = `SELECT pg_try_advisory_lock(${keySql}) AS free`;
  const { free } = await queryRow<{ free: boolean }>(client, sql, [key]);
  if (free) await client.query(`SELECT pg_advisory_unlock(${keySql})`, [key]);
  return !free;
};
