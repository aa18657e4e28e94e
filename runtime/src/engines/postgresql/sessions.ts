import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { connect, maintenanceDatabase, type PostgresqlSource } from './client.ts';

/** Sessions of one user in a database. */
export interface Sessions {
  readonly user: string;
  readonly count: number;
  /** Whether the account may end them (pg_terminate_backend of the manual, table 9.86). */
  readonly mine: boolean;
}

const sessionsSql = `
  SELECT usename AS user, count(*)::int AS count,
    me.rolsuper OR (pg_has_role(u.oid, 'MEMBER') OR pg_has_role('pg_signal_backend', 'MEMBER')) AND NOT u.rolsuper AS mine
  FROM pg_stat_activity a JOIN pg_roles u ON u.oid = a.usesysid JOIN pg_roles me ON me.rolname = current_user
  WHERE a.datname = ANY($1) AND a.pid <> pg_backend_pid()
    AND coalesce(a.backend_type, 'client backend') IN ('client backend', 'walsender') -- hidden from others' eyes
  GROUP BY 1, 3 ORDER BY 1`;

/** Who is connected to databases; the server's own workers end by themselves. */
export const sessionsIn = async (
  client: Client,
  databases: readonly string[],
): Promise<readonly Sessions[]> => (await client.query<Sessions>(sessionsSql, [databases])).rows;

/** `app (3), postgres (1)` */
export const inWords = (sessions: readonly Sessions[]): string =>
  sessions.map(({ user, count }) => `${user} (${count})`).join(', ');

/** One by one: a session that may not be ended does not protect the others. */
const endOnce = async (client: Client, databases: readonly string[]): Promise<void> => {
  const { rows } = await client.query<{ pid: number }>(
    'SELECT pid FROM pg_stat_activity WHERE datname = ANY($1) AND pid <> pg_backend_pid()',
    [databases],
  );
  for (const { pid } of rows) await client.query('SELECT pg_terminate_backend($1)', [pid]).catch(() => {});
};

/** Time between two rounds of ending sessions. */
const pauseMs = 50;

/** Ends sessions of databases, and those that come meanwhile, until `until` is aborted. */
export const endSessions = async (
  source: PostgresqlSource,
  databases: readonly string[],
  until: AbortSignal,
): Promise<void> => {
  const client = await connect(source, maintenanceDatabase(source.connection.database));
  try {
    while (!until.aborted) {
      await endOnce(client, databases);
      await sleep(pauseMs);
    }
  } finally {
    await client.end();
  }
};
