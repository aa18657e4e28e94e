import { readFile } from 'node:fs/promises';
import type { ConnectionOptions } from 'node:tls';
import { Client, escapeIdentifier, escapeLiteral, type QueryResultRow } from 'pg';
import { BackupError, isBackupError, messageOf, type FailureCode } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import type { Source } from '../engine.ts';
import { tlsOptions, tlsProblem } from '../tls.ts';
import type { PostgresqlConnection } from './connection.ts';
import { openSocket } from './replication/copied.ts';
import { guardPassword, type Offer } from './password.ts';
import { beginSession, clientOptions, dumpOptions, isOptionsRefusal, startupOptions } from './session.ts';
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
/** node-postgres' words for an error in the place of the answer to whether the server speaks TLS. */
const noAnswer = 'There was an error establishing an SSL connection';

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

/** What the latest connection to a server showed of it, for the client programs, which connect by themselves. */
interface Seen {
  /** Settings that it knows and lets a session begin with. */
  readonly settings: ReadonlySet<string>;
  readonly tls: boolean;
  readonly bindsChannel: boolean;
}

const seen = new WeakMap<PostgresqlSource, Seen>();

const isVerified = ({ connection, tls }: PostgresqlSource): boolean =>
  tls ? tls.verify !== 'none' : connection.sslMode.startsWith('verify-');

const allowsClearText = (source: PostgresqlSource): boolean =>
  isVerified(source) || source.connection.clearTextPassword === true;

/** `replication`: with a process that sends the log and copies of the data folder, and knows a few commands only. */
type Kind = 'sql' | 'replication';

/** What a connection is for. */
interface Purpose {
  readonly database: string;
  /** @default sql */
  readonly kind?: Kind;
  /** Name that the server knows the connection by; commits may wait for a standby of that name. @default grill-backup */
  readonly application?: string;
}

interface Attempt extends Purpose {
  readonly ssl: ConnectionOptions | false;
  readonly options?: string;
}

/** Gives a new session its settings, and notes what the server showed of itself. */
const begin = async (
  source: PostgresqlSource,
  client: Client,
  { ssl, options }: Attempt,
  offer: Offer,
): Promise<void> => {
  const known = await beginSession(client);
  const settings = options === undefined ? new Set<string>() : known;
  seen.set(source, { settings, tls: ssl !== false, bindsChannel: offer.bindsChannel() });
};

const open = async (source: PostgresqlSource, attempt: Attempt): Promise<Client> => {
  const { database, kind = 'sql', ssl, options, application = 'grill-backup' } = attempt;
  const { host, port } = source.connection;
  const { username: user, password } = source.credentials;
  const client = new Client({
    host,
    port,
    user,
    password,
    database,
    ssl,
    ...(options !== undefined && { options }),
    ...(kind === 'replication' && { replication: 'true' }), // not in its types
    ...(kind === 'replication' && !ssl && { stream: openSocket }),
    connectionTimeoutMillis: connectTimeoutMs,
    keepAlive: true,
    application_name: application,
  });
  client.on('error', () => {}); // a lost connection fails the next query
  const offer = guardPassword(client, allowsClearText(source));
  try {
    await client.connect();
    if (kind === 'sql') await begin(source, client, attempt, offer);
    return client;
  } catch (error) {
    client.end().catch(() => {});
    const refusal = offer.refusal();
    throw refusal !== undefined && messageOf(error) === noAnswer
      ? new Error(refusal, { cause: error })
      : error;
  }
};

/** Without options at the start where a pooler refuses them: the first statement then sets them. */
const openAnyway = (source: PostgresqlSource, attempt: Attempt): Promise<Client> =>
  open(source, { ...attempt, options: startupOptions }).catch((error: unknown) => {
    if (!isOptionsRefusal(messageOf(error))) throw error;
    return open(source, attempt);
  });

/** A socket of this machine has no TLS. */
const isSocket = ({ host }: PostgresqlConnection): boolean => host.startsWith('/');

/** What a connection failed by, in words, with the code for it. */
const problemOf = (error: unknown): { readonly code: FailureCode; readonly message: string } => {
  if (isBackupError(error)) return error;
  const untrusted = messageOf(error) === noTls ? 'the server does not speak TLS' : tlsProblem(error);
  return untrusted === undefined
    ? { code: codeOf(error), message: messageOf(error) }
    : { code: 'source.untrusted', message: untrusted };
};

/**
 * Connects in a way that `connect` does not offer. @throws BackupError source.unreachable, source.refused, source.untrusted;
 * its cause is the server's own error
 */
export const connectTo = async (source: PostgresqlSource, purpose: Purpose): Promise<Client> => {
  const { host, port, sslMode } = source.connection;
  try {
    const ssl = isSocket(source.connection) ? false : await tlsOf(source);
    return await openAnyway(source, { ...purpose, ssl }).catch((error: unknown) => {
      if (source.tls || sslMode !== 'prefer' || messageOf(error) !== noTls) throw error;
      return openAnyway(source, { ...purpose, ssl: false });
    });
  } catch (error) {
    const { code, message } = problemOf(error);
    throw new BackupError(code, `postgresql at ${host}:${port}: ${message}`, {
      cause: error,
    });
  }
};

const isMissingDatabase = ({ cause }: BackupError): boolean => (cause as { code?: string }).code === '3D000';

/** A database to be connected to while another is created, renamed or dropped. */
export const maintenanceDatabase = (database: string): string =>
  database === 'postgres' ? 'template1' : 'postgres';

/**
 * Connects to a database of the server; to template1 where `postgres`, which was not asked for by the plan, was dropped.
 * @throws BackupError source.unreachable, source.refused
 */
export const connect = (source: PostgresqlSource, database = source.connection.database): Promise<Client> =>
  connectTo(source, { database }).catch((error: BackupError) => {
    if (database === source.connection.database || database !== 'postgres' || !isMissingDatabase(error))
      throw error;
    return connectTo(source, { database: 'template1' });
  });

/** The one row of a query that always has one. */
export const queryRow = async <Row extends QueryResultRow>(
  client: Client,
  sql: string,
  values: readonly unknown[] = [],
): Promise<Row> => mustExist((await client.query<Row>(sql, [...values])).rows[0], `row of ${sql}`);

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

/**
 * What keeps the programs as careful as our own connection was. libpq of 16 and later obeys PGREQUIREAUTH; to earlier ones a
 * channel that must be bound allows no clear text either, as it needs SCRAM over TLS.
 */
const security = (source: PostgresqlSource): Record<string, string> => {
  const { sslMode } = source.connection;
  const { tls, bindsChannel } = seen.get(source) ?? { tls: false, bindsChannel: false };
  return {
    PGSSLMODE: sslMode === 'prefer' && tls ? 'require' : sslMode,
    ...(tls && bindsChannel && { PGCHANNELBINDING: 'require' }),
    ...(allowsClearText(source) ? {} : { PGREQUIREAUTH: '!password' }),
  };
};

const settingsOf = (source: PostgresqlSource): ReadonlySet<string> => seen.get(source)?.settings ?? new Set();

/** Whether client programs get settings of ours, after a connection: a pooler may refuse them. */
export const takesOptions = (source: PostgresqlSource): boolean => settingsOf(source).size > 0;

/**
 * Environment of the server's client programs, after a connection: address, password, so that no argument list shows it, and
 * settings against the role's own.
 */
export const libpqEnvironment = (source: PostgresqlSource): Record<string, string> => ({
  PGHOST: source.connection.host,
  PGPORT: `${source.connection.port}`,
  PGUSER: source.credentials.username ?? '',
  PGPASSWORD: source.credentials.password ?? '',
  ...security(source),
  ...(source.tls && libpqTls(source.tls)),
  PGCONNECT_TIMEOUT: `${connectTimeoutMs / 1000}`,
  PGAPPNAME: 'grill-backup',
  PGOPTIONS: clientOptions(settingsOf(source)),
  LC_ALL: 'C',
});

/** As `libpqEnvironment`, with one way to write values. */
export const dumpEnvironment = (source: PostgresqlSource): Record<string, string> => ({
  ...libpqEnvironment(source),
  PGOPTIONS: dumpOptions(settingsOf(source)),
});

/** Names a database in an argument, where libpq would take a name with `=` for more than that. */
export const conninfo = (database: string): string =>
  `dbname='${database.replaceAll(/['\\]/g, String.raw`\$&`)}'`;
