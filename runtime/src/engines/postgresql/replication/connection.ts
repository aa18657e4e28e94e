import type { Client } from 'pg';
import { isBackupError } from '../../../core/errors.ts';
import { connectTo, type PostgresqlSource } from '../client.ts';
import { replicationError } from './errors.ts';
import { unlessManaged } from './managed.ts';

/**
 * A connection that sends the log, or a copy of the data folder, with the address, TLS and care for the password of all others.
 * @param application name of the standby that it is to the server. @default grill-backup, for which no commit waits
 * @throws BackupError `log.hba`, `log.role`, `log.unsupported`, `source.*`
 */
export const connectReplication = (source: PostgresqlSource, application?: string): Promise<Client> => {
  const { database } = source.connection;
  const purpose = {
    database,
    kind: 'replication',
    ...(application !== undefined && { application }),
  } as const;
  return connectTo(source, purpose).catch(async (error: unknown) => {
    throw isBackupError(error) ? await unlessManaged(source, replicationError(source, error)) : error;
  });
};

/** Connects, calls, disconnects. */
export const withReplication = async <Result>(
  source: PostgresqlSource,
  use: (client: Client) => Promise<Result>,
): Promise<Result> => {
  const client = await connectReplication(source);
  try {
    return await use(client);
  } finally {
    await client.end();
  }
};
