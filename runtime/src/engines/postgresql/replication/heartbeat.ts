import type { RunContext } from '../../../core/context.ts';
import { withClient, type PostgresqlSource } from '../client.ts';

/**
 * A message in the log that nobody reads. It belongs to a transaction, whose commit has a time. It waits for no standby:
 * that may be the very receiver which sends it.
 */
const statements = `BEGIN;
SET LOCAL synchronous_commit TO local;
SELECT pg_catalog.pg_logical_emit_message(true, 'grill-backup', '');
COMMIT`;

export const heartbeat = (_run: RunContext, source: PostgresqlSource): Promise<void> =>
  withClient(source, source.connection.database, async (client) => void (await client.query(statements)));
