import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { BackupError } from '../../core/errors.ts';
import { shell } from '../../core/shell.ts';
import { conninfo, identifier, literal, type PostgresqlSource } from './client.ts';
import { errorText } from './error-text.ts';
import { endSessions, inWords, sessionsIn } from './sessions.ts';

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

/** A database that takes a name. */
export interface Placing {
  readonly source: PostgresqlSource;
  /** Connected to neither database. */
  readonly client: Client;
  readonly fresh: string;
  /** The name that it takes. */
  readonly name: string;
  /** What has that name until then gets this one; absent where nothing has it. */
  readonly kept?: string;
  /** Statements that open the database under its new name, in the same transaction. */
  readonly open: readonly string[];
}

/**
 * Longest time that one try holds up new sessions: PostgreSQL's rename locks them out for up to 5 s while it waits for the
 * present ones.
 */
const tryMs = 1000;

const place = async ({ client, fresh, name, kept, open }: Placing): Promise<void> => {
  try {
    for (const statement of [
      'BEGIN',
      `SET LOCAL statement_timeout = ${tryMs}; SET LOCAL lock_timeout = ${tryMs}`,
      ...(kept === undefined ? [] : [rename(name, kept)]),
      rename(fresh, name),
      ...open,
      'COMMIT',
    ])
      await client.query(statement);
  } catch (error) {
    await client.query('ROLLBACK').catch(() => {}); // a lost connection has rolled back
    throw error;
  }
};

const databasesOf = ({ fresh, name, kept }: Placing): readonly string[] =>
  kept === undefined ? [fresh] : [fresh, name];

const placeOnce = async (placing: Placing): Promise<void> => {
  const placed = new AbortController();
  const ending = endSessions(placing.source, databasesOf(placing), placed.signal).catch(() => {}); // the rename then says who is connected
  try {
    await place(placing);
  } finally {
    placed.abort();
    await ending;
  }
};

/** Somebody is connected; the rename, or the wait for its lock, took too long. */
const inTheWay = ['55006', '57014', '55P03'];
const mostTries = 10;
/** Between two tries, for the sessions that were held up. */
const pauseMs = 300;

const failed = async (placing: Placing, error: unknown): Promise<BackupError> => {
  const sessions = await sessionsIn(placing.client, databasesOf(placing));
  const who = sessions.length === 0 ? '' : `; connected: ${inWords(sessions)}`;
  return new BackupError('restore.failed', `the databases could not be swapped: ${errorText(error)}${who}`, {
    cause: error,
  });
};

/**
 * Gives a restored database its name, all in one transaction: killed at any moment, the name belongs to the old database or
 * to the new one. The new one is closed to others before, so that nobody is in it. @throws BackupError restore.failed
 */
export const swap = async (placing: Placing): Promise<void> => {
  await placing.client.query(`ALTER DATABASE ${identifier(placing.fresh)} ALLOW_CONNECTIONS false`);
  for (let tries = 1; ; tries += 1)
    try {
      return await placeOnce(placing);
    } catch (error) {
      if (!inTheWay.includes((error as { code?: string }).code ?? '')) throw error;
      if (tries === mostTries) throw await failed(placing, error);
      await sleep(pauseMs);
    }
};

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

/** One psql command that undoes `swap`, run in a database `place` that is neither. */
export const undoCommand = (
  source: PostgresqlSource,
  place: string,
  kept: string,
  restored: string,
): string => {
  const { database } = source.connection;
  return psqlCommand(source, place, [
    `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = ${literal(database)}`,
    rename(database, restored),
    rename(kept, database),
  ]);
};
