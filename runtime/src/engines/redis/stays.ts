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

/** What INFO said of the server. */
interface Seen {
  /** Before it was changed. */
  readonly before: Info;
  /** While it was a replica that takes no writes, when it was equal. */
  readonly equal: Info;
}

/** Connections of this run since it was equal: to release the server, to ask it, and to count. */
const ownConnections = 3;

/**
 * Others who could write: connected when it was equal, or come since, as also attached replicas do. By then this run has
 * one connection besides the server's own to its primary; who counts is a replica, which is not among `connected_clients`.
 */
const hadClients = (equal: Info, after: Info): boolean =>
  figure(equal, 'connected_clients') > (equal.master_link_status === 'up' ? 2 : 1) ||
  figure(after, 'total_connections_received') - figure(equal, 'total_connections_received') !==
    ownConnections;

const compare = async (
  context: RunContext,
  source: RedisSource,
  client: RedisClient,
  spooled: Spooled,
  { before, equal }: Seen,
): Promise<readonly string[]> => {
  const { fingerprint, asOf } = await countAt(context, source, { laterMs: secondMs });
  const after = await infoOf(client);
  assertNoneEvicted(before, after);
  const found = differences(await countSpooled(spooled, { asOf }), fingerprint);
  if (found.length === 0) return [];
  if (!hadClients(equal, after)) throw mismatch(`restored data does not stay: ${found.join('; ')}`);
  return [`clients may have changed data since it was restored and compared: ${found.join('; ')}`];
};

/**
 * Compares once more in the state that stays: as a primary, under the server's own settings, expiring and evicting. Both
 * are counted without the keys that had expired by then. Equality was proved before, so where clients were there
 * since, a difference is taken for theirs, and a note. @throws BackupError restore.mismatch
 */
export const assertStays = async (
  context: RunContext,
  source: RedisSource,
  spooled: Spooled,
  seen: Seen,
): Promise<readonly string[]> => {
  const client = await connect(context, source);
  try {
    return await compare(context, source, client, spooled, seen);
  } finally {
    client.close();
  }
};
