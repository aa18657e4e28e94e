import { BackupError, messageOf } from '../../../core/errors.ts';
import { identifier, type PostgresqlSource } from '../client.ts';

interface Known {
  /** Words of the server, of 15 and of newer ones. */
  readonly words: RegExp;
  readonly toError: (source: PostgresqlSource, words: string, cause: unknown) => BackupError;
}

const account = ({ credentials }: PostgresqlSource): string => credentials.username ?? '';

/** The line of pg_hba.conf for the very address and encryption that the server names. */
const hbaLine = (user: string, words: string): string => {
  const address = /host "([^"]+)"/.exec(words)?.[1] ?? '<address>';
  if (address === '[local]') return `local replication ${user} scram-sha-256`;
  const kind = /no encryption|SSL off/.test(words) ? 'host' : 'hostssl';
  const network = /^[\d.]+$/.test(address) ? `${address}/32` : `${address}/128`;
  return `${kind} replication ${user} ${network} scram-sha-256`;
};

const known: readonly Known[] = [
  {
    words: /no pg_hba\.conf entry for replication connection|pg_hba\.conf rejects replication connection/,
    toError: (source, words, cause) =>
      new BackupError(
        'log.hba',
        `${words}; "host all" does not match replication. Add this line, then reload: ${hbaLine(account(source), words)}`,
        { cause },
      ),
  },
  {
    words: /replication role to start walsender|permission denied to start WAL sender/,
    toError: (source, words, cause) =>
      new BackupError('log.role', `${words}; run: ALTER ROLE ${identifier(account(source))} REPLICATION`, {
        cause,
      }),
  },
  {
    words: /unsupported startup parameter: replication|replication connections? (is|are) not supported/i,
    toError: (_, words, cause) =>
      new BackupError(
        'source.unsupported',
        `${words}: a pooler stands between; name the server itself for point-in-time recovery`,
        { cause },
      ),
  },
];

/** What a server's refusal to replicate means, in the words of one who can change it; any other error as it is. */
export const replicationError = (source: PostgresqlSource, error: BackupError): BackupError => {
  const words = messageOf(error);
  const found = known.find((each) => each.words.test(words));
  return found ? found.toError(source, words, error) : error;
};
