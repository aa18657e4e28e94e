import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../../core/context.ts';
import { isBackupError } from '../../../core/errors.ts';
import type { Dump, DumpEntry, Entries, Fingerprint, ServerInfo } from '../../engine.ts';
import { headerEntry, type Header2 } from '../header.ts';
import { addressOf, bytesOf, call, type InfluxdbSource } from '../http.ts';
import { listed } from '../listing.ts';
import { assertHoldsPoints, warnOfDeletes } from '../ranges.ts';
import { checkedShard, type Look, type ShardContent } from '../shard.ts';
import { ItemCounts } from '../tsm/item-counts.ts';
import { isSystem, listAll, shardIds, type BucketMetadata, type LiveBucket } from './buckets.ts';
import { isEmptyBucket } from './count.ts';
import { beginBuckets, itemOfBucket } from './count-shards.ts';
import { countPresent, fingerprintOf, type Dumping, type ReadBucket } from './dumped.ts';
import { shardName } from './entries.ts';
import { metadata } from './metadata.ts';
import { listObjects } from './objects.ts';

export { probe } from './probe.ts';

export const failure = 'dump.failed';

/**
 * While a shard is busy with its cache, 2.7.12 answers 500, "snapshots disabled" in its log. Measured after a load of
 * 160 MB: one of 100 shards, for 8 s.
 */
const busyPauseMs = 1_000;
const busyRetries = 60;

/** Asks for a shard, again while it is busy; 404 where there is none. */
export const openShard = async (
  context: RunContext,
  source: InfluxdbSource,
  id: number,
): Promise<IncomingMessage> => {
  const wanted = { method: 'GET', path: `/api/v2/backup/shards/${id}`, failure } as const;
  for (let retries = 0; ; retries++)
    try {
      return await call(context, source, wanted, { missing: true });
    } catch (error) {
      if (!isBackupError(error, failure) || retries === busyRetries) throw error;
      context.log.info({ shard: id, reason: error.message }, 'requesting a shard again');
      await sleep(busyPauseMs, undefined, { signal: context.signal });
    }
};

/** True where retention has dropped a shard before it was read: then the answer holds nothing. */
export const isDropped = ({ log }: RunContext, response: IncomingMessage, id: number): boolean => {
  if (response.statusCode !== 404) return false;
  response.resume();
  log.info({ shard: id }, 'a shard was dropped by retention before it was read');
  return true;
};

/** One shard; nothing where retention has dropped it meanwhile. */
async function* shard(
  { context, source }: Dumping,
  id: number,
  look: Look,
): AsyncGenerator<DumpEntry, void, undefined> {
  const response = await openShard(context, source, id);
  if (isDropped(context, response, id)) return;
  const bytes = bytesOf(context, source, response, failure);
  yield { name: shardName(id), content: checkedShard(bytes, `${id}`, 'dump.damaged', look) };
}

/** What is known only after the entries were read. */
interface Outcome {
  buckets: readonly BucketMetadata[];
  /** By id of the bucket, where the server counts. */
  readonly read: Map<string, ReadBucket>;
}

/** Shards of a bucket that the server counted before. */
async function* countedBefore(
  dumping: Dumping,
  bucket: BucketMetadata,
  before: Fingerprint[string] | undefined,
  { read }: Outcome,
): Entries {
  const shards = new Set<number>();
  const tombstoned = new Set<number>();
  read.set(bucket.bucketID, { before, shards, tombstoned });
  if (!isSystem(bucket) && !before) return; // dropped since the metadata was read
  for (const id of shardIds(bucket)) {
    const report = ({ tombstones }: ShardContent): void => {
      if (tombstones > 0) tombstoned.add(id);
    };
    for await (const entry of shard(dumping, id, { report })) {
      yield entry;
      shards.add(id);
    }
  }
}

/** Shards that are counted while they pass. */
async function* countedNow(dumping: Dumping, bucket: BucketMetadata, counts: ItemCounts): Entries {
  for (const id of shardIds(bucket)) yield* shard(dumping, id, { count: counts.shard(itemOfBucket(bucket)) });
}

async function* shardsOf(dumping: Dumping, outcome: Outcome, counts: ItemCounts | undefined): Entries {
  if (counts) {
    beginBuckets(counts, outcome.buckets);
    for (const bucket of outcome.buckets) yield* countedNow(dumping, bucket, counts);
    assertHoldsPoints(counts.result(), addressOf(dumping.source));
    return;
  }
  const before = await countPresent(
    dumping,
    outcome.buckets.filter((bucket) => !isSystem(bucket)),
  );
  for (const bucket of outcome.buckets) yield* countedBefore(dumping, bucket, before.get(bucket), outcome);
}

async function* entriesOf(
  dumping: Dumping,
  about: Pick<Header2, 'version' | 'objects'>,
  outcome: Outcome,
  counts: ItemCounts | undefined,
): Entries {
  const { context, source } = dumping;
  const { version, objects } = about;
  const asOf = dumping.asOf.toISOString();
  const header = { format: 1, generation: 2, version, asOf, objects } as const;
  yield headerEntry({ ...header, ...(counts && { counted: 'stream' }) });
  yield* metadata(context, source, failure, (buckets) => (outcome.buckets = buckets));
  yield* shardsOf(dumping, outcome, counts);
}

/** Before anything is read: a server of nothing costs nothing. @throws BackupError dump.empty */
const assertNotEmpty = async (context: RunContext, source: InfluxdbSource): Promise<void> => {
  const empty: Record<string, { points: number }> = {};
  for (const bucket of await listAll<LiveBucket>(context, source, 'buckets', failure)) {
    if (bucket.type === 'system') continue;
    if (!(await isEmptyBucket(context, source, bucket, failure))) return;
    empty[bucket.name] = { points: 0 };
  }
  assertHoldsPoints(empty, addressOf(source));
};

/** Metadata and every shard over HTTP, streamed as they come. */
export const dump = async (
  context: RunContext,
  source: InfluxdbSource,
  server: ServerInfo,
): Promise<Dump> => {
  const dumping = { context, source, asOf: context.now() };
  const counts =
    source.connection.count === 'server' ? undefined : new ItemCounts(context, dumping.asOf, 'fields');
  if (!counts) await assertNotEmpty(context, source);
  const objects = [...(await listObjects(context, source, failure))];
  const about = { version: server.version, objects };
  const outcome: Outcome = { buckets: [], read: new Map() };
  return {
    server,
    entries: listed(entriesOf(dumping, about, outcome, counts)),
    fingerprint: async () => {
      if (!counts) return fingerprintOf(dumping, outcome.buckets, outcome.read);
      warnOfDeletes(context, counts.withDeleted);
      return counts.result();
    },
    close: async () => counts?.close(),
  };
};
