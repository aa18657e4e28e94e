import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import {
  conninfo,
  connect,
  identifier,
  literal,
  maintenanceDatabase,
  type PostgresqlSource,
} from './client.ts';

/** Longest name of a database, in bytes (NAMEDATALEN - 1); PostgreSQL cuts longer ones silently. */
export const longestNameBytes = 63;

/** `<database><ending>`, with the database's part cut so that the ending stays. */
export const nameWith = (database: string, ending: string): string => {
  const room = longestNameBytes - Buffer.byteLength(ending);
  const stem = [...database];
  while (Buffer.byteLength(stem.join('')) > room) stem.pop();
  return `${stem.join('')}${ending}`;
};

export const exists = async (client: Client, database: string): Promise<boolean> =>
  (await client.query('SELECT FROM pg_database WHERE datname = $1', [database])).rowCount === 1;

const rename = (from: string, to: string): string =>
  `ALTER DATABASE ${identifier(from)} RENAME TO ${identifier(to)}`;

/** Time between two rounds of ending the clients that PostgreSQL's rename waits 5 s for. */
const terminatePauseMs = 100;

/** The rename has locked out new clients; it waits for the present ones, which are ended here. */
const endClients = async (source: PostgresqlSource, database: string, until: AbortSignal): Promise<void> => {
  const client = await connect(source, maintenanceDatabase(source.connection.database));
  try {
    while (!until.aborted) {
      await client.query('SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1', [
        database,
      ]);
      await sleep(terminatePauseMs);
    }
  } finally {
    await client.end();
  }
};

const swapOnce = async (
  source: PostgresqlSource,
  client: Client,
  fresh: string,
  kept: string,
): Promise<void> => {
  const live = source.connection.database;
  const renamed = new AbortController();
  const ending = endClients(source, live, renamed.signal).catch(() => {}); // the rename then says who is connected
  try {
    await client.query('BEGIN');
    await client.query(rename(live, kept));
    await client.query(rename(fresh, live));
    await client.query('COMMIT');
  } catch (error) {
    await client.query('ROLLBACK');
    throw error;
  } finally {
    renamed.abort();
    await ending;
  }
};

const objectInUse = '55006';
const mostAttempts = 3;

/** Gives `fresh` the name of the live database, which becomes `kept`, in one transaction. */
export const swap = async (
  source: PostgresqlSource,
  client: Client,
  fresh: string,
  kept: string,
  attempt = 1,
): Promise<void> => {
  try {
    await swapOnce(source, client, fresh, kept);
  } catch (error) {
    if (attempt === mostAttempts || (error as { code?: string }).code !== objectInUse) throw error;
    await swap(source, client, fresh, kept, attempt + 1); // a client held out for longer than the rename waits
  }
};

export const takeName = (client: Client, fresh: string, live: string): Promise<unknown> =>
  client.query(rename(fresh, live));

/** Quoted for a POSIX shell. */
const shell = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;

/** A command that runs statements in one transaction; it asks for the password. */
export const psqlCommand = (
  { connection, credentials }: PostgresqlSource,
  database: string,
  statements: readonly string[],
): string => {
  const { host, port } = connection;
  const commands = statements.map((sql) => `-c ${shell(sql)}`).join(' ');
  const address = `-h ${host} -p ${port} -U ${shell(credentials.username ?? '')} -d ${shell(conninfo(database))}`;
  return `psql ${address} --single-transaction -v ON_ERROR_STOP=1 ${commands}`;
};

/** One psql command that undoes `swap`. */
export const undoCommand = (source: PostgresqlSource, kept: string, restored: string): string => {
  const { database } = source.connection;
  return psqlCommand(source, maintenanceDatabase(database), [
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${literal(database)}`,
    rename(database, restored),
    rename(kept, database),
  ]);
};
