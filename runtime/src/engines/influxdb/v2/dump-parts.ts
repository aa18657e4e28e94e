import type { RunContext } from '../../../core/context.ts';
import type { ServerInfo } from '../../engine.ts';
import type { Earlier, NewPart, PartsDump } from '../../engine-parts.ts';
import { headerEntry } from '../header.ts';
import { addressOf, bytesOf, type InfluxdbSource } from '../http.ts';
import { nanoseconds } from '../intervals.ts';
import { listingEntry, measured } from '../listing.ts';
import { assertHoldsPoints } from '../ranges.ts';
import { readNotes } from '../shard-notes.ts';
import { newPart, outcomeOf, shardParts, type Known, type PartShard } from '../shard-parts.ts';
import { ItemCounts } from '../tsm/item-counts.ts';
import { unchangedShards, type Proof } from '../unchanged.ts';
import { groupsOf, itemOf, type BucketMetadata } from './buckets.ts';
import { beginBuckets, itemOfBucket } from './count-shards.ts';
import { failure, isDropped, openShard } from './dump.ts';
import { shardName } from './entries.ts';
import { metadata } from './metadata.ts';
import { listObjects } from './objects.ts';
import { proofOf } from './proof.ts';

/** A dump under way. */
interface Dumping extends Known {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  readonly proof: Proof;
}

const shardsOf = (bucket: BucketMetadata): readonly PartShard[] =>
  groupsOf(bucket).flatMap(({ start, end, shards }) => {
    const span = { first: nanoseconds(start), last: nanoseconds(end) - 1n };
    const [owner, item, of] = [bucket.bucketID, itemOfBucket(bucket), { bucket: itemOf(bucket) }];
    return shards.map((id) => ({ id, name: shardName(id), owner, item, of, span }));
  });

/** The shard as it is now; nothing where retention has dropped it meanwhile. */
const read = async (dumping: Dumping, shard: PartShard): Promise<NewPart | undefined> => {
  const { context, source, proof } = dumping;
  const since = proof.clock.mark;
  const response = await openShard(context, source, shard.id);
  proof.clock.see(response.headers.date);
  if (isDropped(context, response, shard.id)) return undefined;
  return newPart(dumping, shard, bytesOf(context, source, response, failure), { since });
};

/** As `dump`, with shards as parts: of those that did not change, nothing is read. */
export const dumpParts = async (
  context: RunContext,
  source: InfluxdbSource,
  server: ServerInfo,
  earlier: Earlier | undefined,
): Promise<PartsDump> => {
  const asOf = context.now();
  const known = await readNotes(context, earlier);
  const { seriesKey } = known;
  const counts = new ItemCounts(context, asOf, 'fields', seriesKey);
  const proof = proofOf(context, source);
  const dumping: Dumping = { context, source, counts, proof, files: [], notes: new Map() };
  const objects = [...(await listObjects(context, source, failure))];
  async function* entries(): PartsDump['entries'] {
    const header = { format: 1, generation: 2, version: server.version, asOf: asOf.toISOString() } as const;
    let buckets: readonly BucketMetadata[] = [];
    async function* head() {
      yield headerEntry({ ...header, objects, counted: 'stream' });
      yield* metadata(context, source, failure, (found) => (buckets = found));
    }
    for await (const entry of head())
      yield { name: entry.name, content: measured(entry, (file) => dumping.files.push(file)) };
    beginBuckets(counts, buckets);
    const all = buckets.flatMap(shardsOf);
    const unchanged = await unchangedShards(context, proof, all, known.shards, earlier);
    yield* shardParts(dumping, all, unchanged, known.shards, (shard) => read(dumping, shard));
    assertHoldsPoints(counts.result(), addressOf(source));
    yield listingEntry(dumping.files);
  }
  return { server, entries: entries(), ...outcomeOf(context, dumping, seriesKey) };
};
