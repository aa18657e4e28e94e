import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import { formatBytes } from '../../core/units.ts';
import { differences } from '../fingerprint.ts';
import { connect, type RedisClient, type RedisSource } from './client.ts';
import { countAt } from './dump.ts';
import { figure, infoOf, type Info } from './info.ts';
import { countSpooled, type Spooled } from './spool.ts';

/** The time of an RDB is in whole seconds, so that a key may be gone up to a second after it. */
const secondMs = 1000;

const mismatch = (message: string): BackupError => new BackupError('restore.mismatch', message);

/** @throws BackupError restore.mismatch where the server has thrown keys away since `before` to keep to its maxmemory */
export const assertNoneEvicted = (before: Info, after: Info): void => {
  const evicted = figure(after, 'evicted_keys') - figure(before, 'evicted_keys');
  if (evicted > 0)
    throw mismatch(
      `all was restored, and then ${evicted} keys were evicted: maxmemory is ${formatBytes(figure(after, 'maxmemory'))} ` +
        `(${after.maxmemory_policy}); raise it, and restore again`,
    );
};

/** Connections of this run to the server after `released`: the count. */
const ownConnections = 1;

/** Who else was there since: connected now, or come and gone. */
const hadClients = (released: Info, after: Info): boolean =>
  figure(after, 'connected_clients') > 1 ||
  figure(after, 'total_connections_received') - figure(released, 'total_connections_received') >
    ownConnections;

const compare = async (
  context: RunContext,
  source: RedisSource,
  client: RedisClient,
  spooled: Spooled,
  before: Info,
): Promise<readonly string[]> => {
  const released = await infoOf(client);
  const { fingerprint, asOf } = await countAt(context, source, { laterMs: secondMs });
  const after = await infoOf(client);
  assertNoneEvicted(before, after);
  const found = differences(await countSpooled(spooled, { asOf }), fingerprint);
  if (found.length === 0) return [];
  if (!hadClients(released, after)) throw mismatch(`restored data does not stay: ${found.join('; ')}`);
  return [`clients have changed data since it was restored and compared: ${found.join('; ')}`];
};

/**
 * Compares once more in the state that stays: as a primary, under the server's own settings, expiring and evicting. Both
 * are counted without the keys that had expired by then. Equality was proved before, so what clients have changed since is
 * theirs, and a note. @throws BackupError restore.mismatch
 */
export const assertStays = async (
  context: RunContext,
  source: RedisSource,
  spooled: Spooled,
  before: Info,
): Promise<readonly string[]> => {
  const client = await connect(context, source);
  try {
    return await compare(context, source, client, spooled, before);
  } finally {
    client.close();
  }
};
