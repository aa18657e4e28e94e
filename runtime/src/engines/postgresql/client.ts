import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { Client, escapeIdentifier, escapeLiteral } from 'pg';
import { BackupError, isBackupError, messageOf, type FailureCode } from '../../core/errors.ts';
import type { Source } from '../engine.ts';
import { tlsOptions, tlsProblem } from '../tls.ts';
import type { PostgresqlConnection } from './connection.ts';
import { libpqTls } from './tls.ts';

export type PostgresqlSource = Source<PostgresqlConnection>;
export { escapeIdentifier as identifier, escapeLiteral as literal };

/** Time to a connection; a server that is up answers at once, a dropped packet never does. */
const connectTimeoutMs = 15_000;

/** SQLSTATEs of a server that cannot answer now: starting or stopping, no slot free. */
const unavailable = ['57P01', '57P02', '57P03', '53300'];
/** Classes of errors that say no: 28 authorization, 3D no such database, 42 no right. */
const refusals = ['28', '3D', '42'];

const codeOf = (error: unknown): FailureCode => {
  const state = (error as { code?: string }).code ?? '';
  return state.length === 5 && !unavailable.includes(state) && refusals.includes(state.slice(0, 2))
    ? 'source.refused'
    : 'source.unreachable';
};

const noTls = 'The server does not support SSL connections';

/** node-postgres has no `prefer`: TLS without a check of the certificate, and without TLS where there is none. */
const tlsOf = async ({ connection, tls }: PostgresqlSource): Promise<ConnectionOptions | false> => {
  if (tls) return tlsOptions(tls, connection.host);
  const { sslMode: mode } = connection;
  if (mode === 'disable') return false;
  if (mode === 'prefer' || mode === 'require') return { rejectUnauthorized: false };
  const file = process.env.PGSSLROOTCERT;
  const ca = file ? { ca: await readFile(file) } : {};
  return mode === 'verify-full' ? ca : { ...ca, checkServerIdentity: () => undefined };
};

const open = async (
  source: PostgresqlSource,
  database: string,
  ssl: ConnectionOptions | false,
): Promise<Client> => {
  const { host, port } = source.connection;
  const { username: user, password } = source.credentials;
  const client = new Client({
    ...{ host, port, user, password, database, ssl },
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: 'grill-backup',
  });
  client.on('error', () => {}); // a lost connection fails the next query
  await client.connect();
  return client;
};

/** Connects to a database of the server. @throws BackupError source.unreachable, source.refused */
export const connect = async (
  source: PostgresqlSource,
  database = source.connection.database,
): Promise<Client> => {
  const { host, port, sslMode } = source.connection;
  try {
    const ssl = await tlsOf(source);
    return await open(source, database, ssl).catch((error: unknown) => {
      if (source.tls || sslMode !== 'prefer' || messageOf(error) !== noTls) throw error;
      return open(source, database, false);
    });
  } catch (error) {
    if (isBackupError(error)) throw error;
    const untrusted = messageOf(error) === noTls ? 'the server does not speak TLS' : tlsProblem(error);
    const code = untrusted === undefined ? codeOf(error) : 'source.untrusted';
    throw new BackupError(code, `postgresql at ${host}:${port}: ${untrusted ?? messageOf(error)}`, {
      cause: error,
    });
  }
};

/** Connects, calls, disconnects. */
export const withClient = async <Result>(
  source: PostgresqlSource,
  database: string,
  use: (client: Client) => Promise<Result>,
): Promise<Result> => {
  const client = await connect(source, database);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
};

/** A database to be connected to while another is created, renamed or dropped. */
export const maintenanceDatabase = (database: string): string =>
  database === 'postgres' ? 'template1' : 'postgres';

/** Environment of the server's client programs: connection and password, so that no argument list shows them. */
export const libpqEnvironment = ({
  connection,
  credentials,
  tls,
}: PostgresqlSource): Record<string, string> => ({
  PGHOST: connection.host,
  PGPORT: `${connection.port}`,
  PGUSER: credentials.username ?? '',
  PGPASSWORD: credentials.password ?? '',
  PGSSLMODE: connection.sslMode,
  ...(tls && libpqTls(tls)),
  PGCONNECT_TIMEOUT: `${connectTimeoutMs / 1000}`,
  PGAPPNAME: 'grill-backup',
  PGOPTIONS: '-c statement_timeout=0 -c lock_timeout=0 -c idle_in_transaction_session_timeout=0', // against the role's own
  LC_ALL: 'C',
});

/** Names a database in an argument, where libpq would take a name with `=` for more than that. */
export const conninfo = (database: string): string =>
  `dbname='${database.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
