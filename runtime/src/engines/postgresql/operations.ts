import type { RunContext } from '../../core/context.ts';
import type { Fingerprint } from '../engine.ts';
import { withClient, type PostgresqlSource } from './client.ts';
import { countNow } from './count.ts';
import { countCopied } from './recount.ts';

export { dump, probe } from './dump.ts';
export { inspect } from './inspect.ts';
export { restore } from './restore.ts';
export { scratch } from './scratch.ts';

export const fingerprint = (context: RunContext, source: PostgresqlSource): Promise<Fingerprint> => {
  const { database, contentHash, count } = source.connection;
  if (contentHash && count !== 'server') return countCopied({ context, source, database });
  return withClient(source, database, (client) => countNow(client, contentHash));
};
