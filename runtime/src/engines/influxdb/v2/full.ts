import { pipeline } from 'node:stream';
import { createGzip } from 'node:zlib';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, messageOf, type FailureCode } from '../../../core/errors.ts';
import type { Restored, RestoreRequest } from '../../engine.ts';
import type { Header2 } from '../header.ts';
import { callText, type InfluxdbSource } from '../http.ts';
import { lastCalls } from '../last-calls.ts';
import { countsFields } from '../measures.ts';
import { agree } from '../ranges.ts';
import { isSystem, shardIds, type BucketMetadata } from './buckets.ts';
import { countAll, mannerFor } from './count.ts';
import { readEntries } from './entries.ts';
import type { Peeked } from './kv.ts';
import { liveBuckets } from './metadata.ts';
import { expiringNotes } from './notes.ts';
import { setRetention } from './retention.ts';
import { sendShard } from './shards.ts';

const failure: FailureCode = 'restore.failed';

/** A store's file cut short kills the server, or is taken as it is; a gzip stream cut short changes nothing. */
const sendStore = (
  context: RunContext,
  source: InfluxdbSource,
  path: string,
  content: AsyncIterable<Buffer>,
): Promise<string> =>
  callText(context, source, {
    method: 'POST',
    path,
    headers: { 'content-type': 'application/octet-stream', 'content-encoding': 'gzip' },
    body: pipeline(content, createGzip({ level: 1 }), () => {}), // errors surface through the iterator
    failure,
  });

/** The operator token that the server answers with; where it has only hashes of them, the target's own. */
const opened = (source: InfluxdbSource, answer: string): InfluxdbSource => {
  const { token } = JSON.parse(answer) as { token?: string };
  return token ? { ...source, credentials: { token } } : source;
};

/** True while no check of retention has dropped a shard group of the backup. */
const isWhole = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly BucketMetadata[],
): Promise<boolean> => {
  const live = new Set((await liveBuckets(context, source, failure)).flatMap(shardIds));
  return buckets
    .filter((bucket) => !isSystem(bucket))
    .flatMap(shardIds)
    .every((id) => live.has(id));
};

/** Times that the store is sent again because the server checked retention right after it had taken it. */
const retries = 20;

/** Suspends retention before the server drops anything by it, which it may do at any time after it took the store. */
const suspendInTime = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly BucketMetadata[],
  store: () => AsyncIterable<Buffer>,
): Promise<void> => {
  for (let retry = 0; retry <= retries; retry++) {
    await setRetention(context, source, buckets, 'suspended');
    if (await isWhole(context, source, buckets)) return;
    context.log.info('the server has dropped restored shards by their retention; it gets them again');
    await sendStore(context, source, '/api/v2/restore/kv', store());
  }
  throw new BackupError(
    failure,
    'the server drops what is past its retention at once; let it check less often',
  );
};

export const fullNote =
  'users and tokens of the server are now those of the backup; restart influxd so that it schedules the restored tasks';

/** Replaces the whole server: users, tokens, organizations, tasks, dashboards, buckets and all their points. */
export const restoreFull = async (
  context: RunContext,
  source: InfluxdbSource,
  { asOf, counted: by }: Header2,
  { entries, store }: Peeked,
  { expected }: RestoreRequest,
): Promise<Restored> => {
  let restored = source;
  let buckets: readonly BucketMetadata[] = [];
  try {
    await readEntries(entries, {
      kv: async (content) => {
        restored = opened(source, await sendStore(context, source, '/api/v2/restore/kv', content));
      },
      sql: async (content) => {
        await sendStore(context, restored, '/api/v2/restore/sql', content);
      },
      buckets: async (found) => {
        buckets = found;
        await suspendInTime(context, restored, found, store);
      },
      shard: (id, content) => sendShard(context, restored, id, content),
    });
    const counting = mannerFor(by, expected);
    const manner = { asOf: new Date(asOf), failure, byFields: countsFields(expected), ...counting };
    const counted = await countAll(context, restored, buckets, manner);
    const fingerprint = agree(context, expected, counted, manner.asOf);
    await setRetention(context, restored, buckets, 'in force');
    context.log.warn(fullNote);
    return { fingerprint, notes: [fullNote, ...expiringNotes(buckets, context.now())] };
  } catch (error) {
    await setRetention(lastCalls(context), restored, buckets, 'in force').catch((problem: unknown) =>
      context.log.error(
        { reason: messageOf(problem) },
        'retention of the restored buckets is still suspended',
      ),
    );
    throw error;
  }
};

/** @throws BackupError restore.refused, before anything was sent */
export const assertOpens = (opens: boolean): void => {
  if (opens) return;
  throw new BackupError(
    'restore.refused',
    'the backup holds hashes of its tokens only, and the token of the target is not among them: set the server up with the ' +
      'operator token of the server that was backed up (influx setup --token), and put it into the Secret',
  );
};
