import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest, ServerInfo } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import { certificateFor } from './certificate.ts';
import { connect, connectWhenLoaded, type RedisClient, type RedisSource } from './client.ts';
import { countLive } from './dump.ts';
import { restoreKeys } from './keys.ts';
import { follow, markedPassword, readBefore, recover, release, type Before } from './leftover.ts';
import { infoOf, type Info } from './info.ts';
import { startPrimary, type Offer, type Primary } from './primary.ts';
import { RedisError } from './resp.ts';
import { notesOf } from './preview.ts';
import { restoreRefused, throwIfRefused, tryOut } from './rights.ts';
import { withSpooled, type Spooled } from './spool.ts';
import { assertStays } from './stays.ts';
import { problemsOf, readSurroundings } from './surroundings.ts';

/** A replica tries to connect once a second; longer means that it cannot. */
const connectDeadlineMs = 30_000;
const pollMs = 100;
/** A server that cannot store or load the RDB asks again and again. */
const mostRequests = 2;

/** A server refuses to dump to who still awaits an answer, after it has looked at his rights (syncCommand in replication.c). */
const tryDump = async (context: RunContext, source: RedisSource): Promise<void> => {
  const client = await connect(context, source);
  try {
    const replies = await client.attempts([
      ['REPLCONF', 'capa', 'eof'],
      ['PSYNC', '?', '-1'],
    ]);
    throwIfRefused('PSYNC', replies);
  } finally {
    client.close();
  }
};

/** What a restore has to know of the server. */
interface Prepared extends Pick<Offer, 'certificate'> {
  readonly before: Before;
  readonly info: Info;
  readonly notes: readonly string[];
}

/** Before the server is changed: what it has now. @throws BackupError restore.refused with all reasons */
const prepare = async (
  context: RunContext,
  source: RedisSource,
  client: RedisClient,
  { facts }: Spooled,
  made: ServerInfo,
): Promise<Prepared> => {
  try {
    const server = await readSurroundings(client);
    const problems = problemsOf(server, facts, made);
    if (problems.length) throw restoreRefused(`the server cannot take the archive: ${problems.join('; ')}`);
    const certificate = await certificateFor(context, source, server.settings['tls-replication']);
    const before = await readBefore(client, server.info.run_id ?? '');
    await tryDump(context, source);
    await tryOut(client, [
      ...Object.entries(before.settings).map(([name, value]) => ['CONFIG', 'SET', name, value]),
      ['REPLICAOF', 'NO', 'ONE'], // as it is
    ]);
    return { before, info: server.info, notes: notesOf(server), certificate };
  } catch (error) {
    if (error instanceof RedisError)
      throw restoreRefused(`the account may not restore: ${error.message}`, error);
    throw error;
  }
};

const whyNot = (primary: Primary): string => {
  const refusal = primary.refusals().at(-1);
  return refusal === undefined
    ? 'a NetworkPolicy must let the redis pod reach this pod'
    : `it does not take the certificate of connection.tls.client as that of a server: ${refusal}`;
};

const loaded = async (
  context: RunContext,
  client: RedisClient,
  primary: Primary,
  address: string,
): Promise<void> => {
  const deadline = Date.now() + connectDeadlineMs;
  for (;;) {
    const { master_link_status: link } = await infoOf(client);
    if (link === 'up') return;
    if (primary.requests() === 0 && (Date.now() > deadline || primary.refusals().length > mostRequests))
      throw new BackupError(
        'restore.failed',
        `redis did not connect to ${address} within ${connectDeadlineMs / 1000} s; ${whyNot(primary)}`,
      );
    if (primary.requests() > mostRequests)
      throw new BackupError(
        'restore.failed',
        `redis asked ${mostRequests} times for the data without loading it; its log says why`,
      );
    await sleep(pollMs, undefined, { signal: context.signal });
  }
};

/** On a connection of its own, since the run's own may be broken or stopped. @throws BackupError restore.failed */
const releaseOrTell = async (context: RunContext, source: RedisSource, before: Before): Promise<void> => {
  try {
    const client = await connectWhenLoaded({ ...context, signal: new AbortController().signal }, source);
    await release(client, before).finally(() => client.close());
  } catch (error) {
    throw new BackupError(
      'restore.failed',
      `the server may still follow this restore or have settings of it, which the next backup or restore puts back: ${messageOf(error)}`,
      { cause: error },
    );
  }
};

/** As a host that the server can reach: this end of the connection to it. */
const ownAddress = ({ socket }: RedisClient): string => (socket.localAddress ?? '').replace(/^::ffff:/, '');

/** A server that was equal, and what INFO said of it then. */
interface Loaded {
  readonly fingerprint: Fingerprint;
  readonly equal: Info;
}

/** The server follows this run until it has loaded all; then it is compared, as a replica takes no writes and expires no key. */
const load = async (
  context: RunContext,
  source: RedisSource,
  client: RedisClient,
  spooled: Spooled,
  { before, certificate }: Prepared,
): Promise<Loaded> => {
  const host = ownAddress(client);
  const password = markedPassword(context.randomBytes(32), before);
  const primary = await startPrimary(host, {
    ...spooled,
    password,
    certificate,
    replicationId: context.randomBytes(20).toString('hex'),
  });
  try {
    await follow(client, password, host, primary.port);
    await loaded(context, client, primary, `${host}:${primary.port}`);
    const fingerprint = await countLive(context, source, spooled.made);
    assertEqual(spooled.fingerprint, fingerprint);
    return { fingerprint, equal: await infoOf(client) };
  } finally {
    primary.close();
  }
};

/** Both a failure and one of the clean-up after it are told. */
const loadAndRelease = async (
  context: RunContext,
  source: RedisSource,
  client: RedisClient,
  spooled: Spooled,
  prepared: Prepared,
): Promise<Loaded> => {
  let failure: unknown;
  const result = await load(context, source, client, spooled, prepared).catch((error: unknown) => {
    failure = error;
    return undefined;
  });
  await releaseOrTell(context, source, prepared.before).catch((error: unknown) => {
    if (failure === undefined) throw error;
    const { code, message } = asRestoreError(context, failure);
    throw new BackupError(code, `${message}; and ${messageOf(error)}`, { cause: failure });
  });
  if (!result) throw failure;
  return result;
};

const replicate = async (
  context: RunContext,
  source: RedisSource,
  client: RedisClient,
  spooled: Spooled,
  made: ServerInfo,
): Promise<Restored> => {
  const prepared = await prepare(context, source, client, spooled, made);
  const { fingerprint, equal } = await loadAndRelease(context, source, client, spooled, prepared);
  const changes = await assertStays(context, source, spooled, { before: prepared.info, equal });
  return { fingerprint, notes: [...prepared.notes, ...changes] };
};

const asRestoreError = (context: RunContext, error: unknown): BackupError => {
  if (isBackupError(error)) return error;
  if (context.signal.aborted)
    return new BackupError('run.interrupted', 'the restore of redis was stopped', { cause: error });
  return new BackupError('restore.failed', `redis: ${messageOf(error)}`, { cause: error });
};

const replaceAll = async (
  context: RunContext,
  source: RedisSource,
  spooled: Spooled,
  made: ServerInfo,
): Promise<Restored> => {
  await recover(context, source);
  const client = await connect(context, source);
  try {
    return await replicate(context, source, client, spooled, made);
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
      restoreRefused(
        'redis cannot restore beside its live data; a test needs a scratch server: install redis-server',
      ),
    );
  return withSpooled(context, entries, async (spooled) => {
    assertEqual(request.expected, spooled.fingerprint);
    const fill = (into: RedisSource) => replaceAll(context, into, spooled, request.server);
    const { only, into, merge } = request;
    return only || into || merge ? restoreKeys(context, source, request, fill) : fill(source);
  }).catch((error: unknown) => Promise.reject(asRestoreError(context, error)));
};
