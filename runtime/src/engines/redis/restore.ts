import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import type { Entries, Restored, RestoreRequest } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import { connect, connectWhenLoaded, type RedisClient, type RedisSource } from './client.ts';
import { countLive } from './dump.ts';
import { restoreKeys } from './keys.ts';
import { markedPassword, readSetting, release, type Settings } from './leftover.ts';
import { startPrimary, type Primary } from './primary.ts';
import { RedisError } from './resp.ts';
import { withSpooled, type Spooled } from './spool.ts';

/** A replica tries to connect once a second; longer means that it cannot. */
const connectDeadlineMs = 30_000;
const pollMs = 100;
/** A server that cannot store or load the RDB asks again and again. */
const mostRequests = 2;

const refused = (reason: string, cause?: unknown): BackupError =>
  new BackupError('restore.refused', reason, { cause });

const replicationOf = async ({ command }: RedisClient): Promise<Readonly<Record<string, string>>> => {
  const lines = `${await command('INFO', 'replication')}`.split('\r\n');
  return Object.fromEntries(lines.map((line) => line.split(':') as [string, string]));
};

/** The state to return to. @throws BackupError restore.refused where a restore cannot work */
const prepare = async (client: RedisClient): Promise<Settings> => {
  try {
    const { role } = await replicationOf(client);
    if (role !== 'master') throw refused('the server is a replica; restore into its primary');
    if ((await readSetting(client, 'tls-replication')) === 'yes')
      throw refused('the server replicates over tls only, which a restore does not speak');
    return {
      masterauth: await readSetting(client, 'masterauth'),
      masteruser: await readSetting(client, 'masteruser'),
    };
  } catch (error) {
    if (error instanceof RedisError) throw refused(`the account may not restore: ${error.message}`, error);
    throw error;
  }
};

const loaded = async (
  context: RunContext,
  client: RedisClient,
  primary: Primary,
  address: string,
): Promise<void> => {
  const deadline = Date.now() + connectDeadlineMs;
  for (;;) {
    const { master_link_status: link } = await replicationOf(client);
    if (link === 'up') return;
    if (primary.requests() === 0 && Date.now() > deadline)
      throw new BackupError(
        'restore.failed',
        `redis did not connect to ${address} within ${connectDeadlineMs / 1000} s; a NetworkPolicy must let the redis pod reach this pod`,
      );
    if (primary.requests() > mostRequests)
      throw new BackupError(
        'restore.failed',
        `redis asked ${mostRequests} times for the data without loading it; its log tells why`,
      );
    await sleep(pollMs, undefined, { signal: context.signal });
  }
};

/** On a connection of its own, since the run's own may be broken or stopped. */
const releaseOrTell = async (context: RunContext, source: RedisSource, before: Settings): Promise<void> => {
  try {
    const client = await connectWhenLoaded({ ...context, signal: new AbortController().signal }, source);
    await release(client, before).finally(() => client.close());
  } catch (error) {
    throw new BackupError(
      'restore.failed',
      `the server may still follow this restore; run: redis-cli REPLICAOF NO ONE: ${messageOf(error)}`,
      { cause: error },
    );
  }
};

/** As a host that the server can reach: this end of the connection to it. */
const ownAddress = ({ socket }: RedisClient): string => (socket.localAddress ?? '').replace(/^::ffff:/, '');

const replicate = async (
  context: RunContext,
  source: RedisSource,
  client: RedisClient,
  spooled: Spooled,
): Promise<Restored> => {
  const before = await prepare(client);
  const host = ownAddress(client);
  const password = markedPassword(context.randomBytes(32), before);
  const primary = await startPrimary(host, {
    ...spooled,
    password,
    replicationId: context.randomBytes(20).toString('hex'),
  });
  try {
    await client.command('CONFIG', 'SET', 'masterauth', password, 'masteruser', '');
    await client.command('REPLICAOF', host, `${primary.port}`);
    await loaded(context, client, primary, `${host}:${primary.port}`);
    // A replica takes no writes and expires no key, so that all of the archive can be compared.
    const fingerprint = await countLive(context, source, spooled.made);
    assertEqual(spooled.fingerprint, fingerprint);
    return { fingerprint };
  } finally {
    primary.close();
    await releaseOrTell(context, source, before);
  }
};

const asRestoreError = (context: RunContext, error: unknown): BackupError => {
  if (isBackupError(error)) return error;
  if (context.signal.aborted)
    return new BackupError('run.interrupted', 'the restore of redis was stopped', { cause: error });
  return new BackupError('restore.failed', `redis: ${messageOf(error)}`, { cause: error });
};

const replaceAll = async (context: RunContext, source: RedisSource, spooled: Spooled): Promise<Restored> => {
  const client = await connect(context, source);
  try {
    return await replicate(context, source, client, spooled);
  } finally {
    client.close();
  }
};

/**
 * Replaces all data of a running server, which becomes the replica of a primary that this serves, and then its own
 * primary again. It needs no access to the server's files. The server keeps its data until it got all of the new.
 * Single databases or keys, another database, and a merge go key by key.
 */
export const restore = (
  context: RunContext,
  source: RedisSource,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  if (request.mode === 'trial')
    return Promise.reject(
      refused(
        'redis has no place beside its live data; a trial needs a scratch server: install redis-server',
      ),
    );
  return withSpooled(context, entries, async (spooled) => {
    assertEqual(request.expected, spooled.fingerprint);
    const fill = (into: RedisSource) => replaceAll(context, into, spooled);
    const { only, into, merge } = request;
    return only || into || merge ? restoreKeys(context, source, request, fill) : fill(source);
  }).catch((error: unknown) => Promise.reject(asRestoreError(context, error)));
};
