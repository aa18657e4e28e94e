import type { IncomingMessage } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, isBackupError } from '../../../core/errors.ts';
import { collect } from '../../../core/process.ts';
import { oneChunk } from '../../../core/one-chunk.ts';
import type { Dump, DumpEntry, Entries, ServerInfo } from '../../engine.ts';
import { headerEntry } from '../header.ts';
import { addressOf, bytesOf, call, type InfluxdbSource } from '../http.ts';
import { listed } from '../listing.ts';
import { assertHoldsPoints, combine, warnOfDeletes } from '../ranges.ts';
import { checkedShard } from '../shard.ts';
import { isSystem, itemOf, parseBuckets, shardIds, type BucketMetadata } from './buckets.ts';
import { countNow } from './count.ts';
import { checkedStore, entryNames, shardName } from './entries.ts';
import { boundaryOf, parts } from './multipart.ts';

const failure = 'dump.failed';

/** What is known only after the entries were read. */
interface Outcome {
  buckets: readonly BucketMetadata[];
  /** Items with deletes that the server has not yet applied to its files. */
  readonly tombstoned: Set<string>;
}

/** Key-value store, SQL store and list of buckets, consistent with each other: taken under one lock. */
async function* metadata(
  context: RunContext,
  source: InfluxdbSource,
  outcome: Outcome,
): AsyncGenerator<DumpEntry, void, undefined> {
  const response = await call(context, source, { method: 'GET', path: '/api/v2/backup/metadata', failure });
  const wanted = Object.keys(entryNames);
  const boundary = boundaryOf(response.headers['content-type']);
  for await (const { name, content } of parts(bytesOf(context, source, response, failure), boundary)) {
    if (wanted.shift() !== name)
      throw new BackupError('dump.damaged', `the metadata has part ${name} out of order`);
    if (name === 'kv' || name === 'sql')
      yield { name: entryNames[name], content: checkedStore(content, name, 'dump.damaged') };
    else {
      const bytes = await collect(content);
      outcome.buckets = parseBuckets(bytes.toString('utf8'), 'dump.damaged');
      yield { name: entryNames.buckets, content: oneChunk(bytes) };
    }
  }
  if (wanted.length > 0)
    throw new BackupError('dump.damaged', `the metadata lacks part ${wanted.join(', ')}`);
}

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
      context.log.info({ shard: id, reason: error.message }, 'a shard is asked for again');
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

async function* entriesOf(
  context: RunContext,
  source: InfluxdbSource,
  server: ServerInfo,
  asOf: Date,
  outcome: Outcome,
): Entries {
  yield headerEntry({ format: 1, generation: 2, version: server.version, asOf: asOf.toISOString() });
  yield* metadata(context, source, outcome);
  for (const bucket of outcome.buckets)
    for (const id of shardIds(bucket))
      yield* shard(context, source, id, () => outcome.tombstoned.add(itemOf(bucket)));
}

/** Metadata and every shard over HTTP, streamed as they come. */
export const dump = async (
  context: RunContext,
  source: InfluxdbSource,
  server: ServerInfo,
): Promise<Dump> => {
  const asOf = context.now();
  const before = await countNow(context, source, asOf, failure);
  assertHoldsPoints(before, addressOf(source));
  const outcome: Outcome = { buckets: [], tombstoned: new Set() };
  return {
    server,
    entries: listed(entriesOf(context, source, server, asOf, outcome)),
    fingerprint: async () => {
      warnOfDeletes(context, outcome.tombstoned);
      const after = await countNow(context, source, asOf, failure);
      const items = outcome.buckets.filter((bucket) => !isSystem(bucket)).map(itemOf);
      const dumped = Object.fromEntries(
        items.map((item) => [item, after[item] ?? before[item] ?? { series: 0, points: 0 }]),
      );
      return combine(before, dumped, outcome.tombstoned);
    },
    close: async () => {},
  };
};
