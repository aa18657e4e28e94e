import type { RunContext } from '../../core/context.ts';
import { clientPair } from '../tls.ts';
import type { RedisSource } from './client.ts';
import type { Offer } from './primary.ts';
import { restoreRefused } from './rights.ts';

/**
 * What the restore shows a server that fetches the data over TLS: the client certificate, as such a server knows the CA of
 * both. Undefined where the server fetches without TLS.
 * @throws BackupError restore.refused where there is none to show
 */
export const certificateFor = async (
  context: RunContext,
  { tls }: RedisSource,
  tlsReplication: string,
): Promise<Offer['certificate']> => {
  if (tlsReplication !== 'yes') {
    if (tls) context.log.warn('the server fetches the data without TLS, as its tls-replication is off');
    return undefined;
  }
  if (tls?.client) return clientPair(tls);
  throw restoreRefused(
    'the server replicates over TLS only, and connection.tls.client names no certificate for the restore to present',
  );
};
