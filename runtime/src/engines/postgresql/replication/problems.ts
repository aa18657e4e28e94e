import { BackupError, isBackupError, messageOf } from '../../../core/errors.ts';
import { identifier, type PostgresqlSource } from '../client.ts';
import { unlessManaged } from './managed.ts';

interface Refusal {
  /** SQLSTATE of the server's error. */
  readonly state: string;
  /** Names of settings are the same in all languages. */
  readonly says?: RegExp;
  readonly problem: (source: PostgresqlSource, message: string) => BackupError;
}

/** By what a server answers to who asks for its log; https://www.postgresql.org/docs/current/errcodes-appendix.html */
const refusals: readonly Refusal[] = [
  {
    state: '42501',
    problem: ({ credentials }, message) =>
      new BackupError(
        'log.role',
        `${message}; the statement: ALTER ROLE ${identifier(credentials.username ?? '')} REPLICATION`,
      ),
  },
  {
    state: '53300',
    says: /max_wal_senders/,
    problem: (_, message) =>
      new BackupError('log.setting', `${message}; raise it: ALTER SYSTEM SET max_wal_senders = …`),
  },
  {
    state: '53400',
    says: /max_replication_slots|replication slot/,
    problem: (_, message) =>
      new BackupError('log.setting', `${message}; raise it: ALTER SYSTEM SET max_replication_slots = …`),
  },
  { state: '55006', problem: (_, message) => new BackupError('log.busy', message) },
  { state: '58P01', problem: (_, message) => new BackupError('log.gap', message) },
  {
    state: '55000',
    problem: (_, message) => new BackupError('log.lost', message),
  },
  {
    state: '42601',
    problem: (_, message) =>
      new BackupError('log.unsupported', `the server does not know how to give its log: ${message}`),
  },
];

/** The server's own error, under what our connection made of it. */
const serverError = (error: unknown): { readonly code?: string; readonly message: string } => {
  const inner = isBackupError(error) && error.cause instanceof Error ? error.cause : error;
  const { code } = inner as { code?: string };
  return { ...(code !== undefined && { code }), message: messageOf(inner) };
};

/** What a server refuses the log with, in words that help; any other error as it is. */
export const replicationProblem = (source: PostgresqlSource, error: unknown): unknown => {
  if (isBackupError(error) && error.code.startsWith('log.')) return error;
  const { code, message } = serverError(error);
  const refusal = refusals.find(({ state, says }) => state === code && (says?.test(message) ?? true));
  const { host, port } = source.connection;
  if (refusal) {
    const { code: failure, message: text } = refusal.problem(source, message);
    return new BackupError(failure, `postgresql at ${host}:${port}: ${text}`, { cause: error });
  }
  return isBackupError(error)
    ? error
    : new BackupError('source.unreachable', `postgresql at ${host}:${port}: ${message}`, { cause: error });
};

/** Runs a step, and says of what it fails with what helps. */
export const explained = <T>(source: PostgresqlSource, step: () => Promise<T>): Promise<T> =>
  step().catch(async (error: unknown) => {
    throw await unlessManaged(source, replicationProblem(source, error));
  });
