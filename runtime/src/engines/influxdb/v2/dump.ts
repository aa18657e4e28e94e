import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../../core/context.ts';
import { isBackupError } from '../../../core/errors.ts';
import type { Dump, DumpEntry, Entries, ServerInfo } from '../../engine.ts';
import { headerEntry, type Header2 } from '../header.ts';
import { addressOf, bytesOf, call, type InfluxdbSource } from '../http.ts';
import { listed } from '../listing.ts';
import { assertHoldsPoints } from '../ranges.ts';
import { checkedShard } from '../shard.ts';
import { isSystem, listAll, shardIds, type BucketMetadata, type LiveBucket } from './buckets.ts';
import { isEmptyBucket } from './count.ts';
import { countPresent, fingerprintOf, type Dumping, type ReadBucket } from './dumped.ts';
import { shardName } from './entries.ts';
import { metadata } from './metadata.ts';
import { listObjects } from './objects.ts';

const failure = 'dump.failed';

/**
 * While a shard is busy with its cache, 2.7.12 answers 500, "snapshots disabled" in its log. Measured after a load of
 * 160 MB: one of 100 shards, for 8 s.
 */
const busyPauseMs = 1_000;
const busyRetries = 60;

const openShard = async (
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

/** One shard; nothing where retention has dropped it meanwhile. */
async function* shard(
  context: RunContext,
  source: InfluxdbSource,
  id: number,
  onTombstones: () => void,
): AsyncGenerator<DumpEntry, void, undefined> {
  const response = await openShard(context, source, id);
  if (response.statusCode === 404) {
    response.resume();
    context.log.info({ shard: id }, 'a shard was dropped by retention before it was read');
    return;
  }
  const bytes = bytesOf(context, source, response, failure);
  const content = checkedShard(bytes, `${id}`, 'dump.damaged', ({ tombstones }) => {
    if (tombstones > 0) onTombstones();
  });
  yield { name: shardName(id), content };
}

/** What is known only after the entries were read. */
interface Outcome {
  buckets: readonly BucketMetadata[];
  /** By id of the bucket. */
  readonly read: Map<string, ReadBucket>;
}

async function* entriesOf(
  dumping: Dumping,
  server: ServerInfo,
  objects: Header2['objects'],
  outcome: Outcome,
): Entries {
  const { context, source, asOf } = dumping;
  const header = { format: 1, generation: 2, version: server.version, asOf: asOf.toISOString() } as const;
  yield headerEntry({ ...header, objects });
  yield* metadata(context, source, failure, (buckets) => (outcome.buckets = buckets));
  const own = outcome.buckets.filter((bucket) => !isSystem(bucket));
  const before = await countPresent(dumping, own);
  for (const bucket of outcome.buckets) {
    const shards = new Set<number>();
    const tombstoned = new Set<number>();
    outcome.read.set(bucket.bucketID, { before: before.get(bucket), shards, tombstoned });
    if (!isSystem(bucket) && !before.has(bucket)) continue; // dropped since the metadata was read
    for (const id of shardIds(bucket))
      for await (const entry of shard(context, source, id, () => tombstoned.add(id))) {
        yield entry;
        shards.add(id);
      }
  }
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
  await assertNotEmpty(context, source);
  const objects = await listObjects(context, source, failure);
  const outcome: Outcome = { buckets: [], read: new Map() };
  return {
    server,
    entries: listed(entriesOf(dumping, server, [...objects], outcome)),
    fingerprint: () => fingerprintOf(dumping, outcome.buckets, outcome.read),
    close: async () => {},
  };
};
