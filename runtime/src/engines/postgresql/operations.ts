import type { RunContext } from '../../core/context.ts';
import type { Fingerprint } from '../engine.ts';
import { withClient, type PostgresqlSource } from './client.ts';
import { countNow } from './count.ts';

export { dump, probe } from './dump.ts';
export { inspect } from './inspect.ts';
export { restore } from './restore.ts';
export { scratch } from './scratch.ts';

export const fingerprint = (_run: RunContext, source: PostgresqlSource): Promise<Fingerprint> => {
  const { database, contentHash } = source.connection;
  return withClient(source, database, (client) => countNow(client, contentHash));
};
