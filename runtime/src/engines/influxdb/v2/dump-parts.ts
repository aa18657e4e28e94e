import type { RunContext } from '../../../core/context.ts';
import type { ServerInfo } from '../../engine.ts';
import type { Earlier, NewPart, PartFacts, PartsDump, SamePart } from '../../engine-parts.ts';
import { headerEntry } from '../header.ts';
import { addressOf, bytesOf, type InfluxdbSource } from '../http.ts';
import { nanoseconds } from '../intervals.ts';
import { listingEntry, measured, type File } from '../listing.ts';
import { assertHoldsPoints, warnOfDeletes } from '../ranges.ts';
import { checkedShard, type ShardContent } from '../shard.ts';
import { ItemCounts } from '../tsm/item-counts.ts';
import type { ShardFacts, Span } from '../tsm/shard-facts.ts';
import { blockTypes } from '../tsm/values.ts';
import { groupsOf, itemOf, shardIds, type BucketMetadata } from './buckets.ts';
import { beginBuckets, itemOfBucket } from './count-shards.ts';
import { failure, isDropped, openShard } from './dump.ts';
import { shardName } from './entries.ts';
import { metadata } from './metadata.ts';
import { listObjects } from './objects.ts';
import { readNotes, writeNotes, type Notes, type ShardNote } from './shard-notes.ts';
import { ServerClock, unchangedShards } from './unchanged.ts';

/** A dump under way, and what comes of it. */
interface Dumping {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  readonly counts: ItemCounts;
  readonly clock: ServerClock;
  readonly files: File[];
  readonly notes: Map<number, ShardNote>;
}

/** A shard, and where its points belong. */
interface Shard {
  readonly id: number;
  readonly bucket: BucketMetadata;
  readonly span: Span;
}

const shardsOf = (bucket: BucketMetadata): readonly Shard[] =>
  groupsOf(bucket).flatMap(({ start, end, shards }) => {
    const span = { first: nanoseconds(start), last: nanoseconds(end) - 1n };
    return shards.map((id) => ({ id, bucket, span }));
  });

/** For people; nothing of it is read again. */
const shown = ({ bucket, id }: Shard, facts: ShardFacts | undefined): PartFacts => {
  const about = { shard: id, bucket: itemOf(bucket) };
  if (!facts) return about;
  const [first = '', last = ''] = [facts.intervals.at(0), facts.intervals.at(-1)];
  const byType = facts.points.map(([, type, points]) => [blockTypes[type] ?? `${type}`, points] as const);
  const points: Record<string, number> = {};
  for (const [type, count] of byType) points[type] = (points[type] ?? 0) + count;
  return { ...about, from: first.split('/')[0] ?? '', to: last.split('/')[1] ?? '', ...points };
};

/** The shard as it is now; nothing where retention has dropped it meanwhile. */
async function* read(dumping: Dumping, shard: Shard): AsyncGenerator<NewPart> {
  const { context, source, counts, clock, files, notes } = dumping;
  const { id, bucket, span } = shard;
  const since = clock.mark;
  const response = await openShard(context, source, id);
  clock.see(response.headers.date);
  if (isDropped(context, response, id)) return;
  const { count, facts } = counts.remembered(itemOfBucket(bucket), span);
  let content: ShardContent = { tsmFiles: 0, tsmBytes: 0, tombstones: 0 };
  const look = { count, report: (found: ShardContent) => (content = found) };
  const bytes = bytesOf(context, source, response, failure);
  const name = shardName(id);
  const passed = checkedShard(bytes, `${id}`, 'dump.damaged', look);
  const note = (file: File): void => {
    files.push(file);
    const known = facts();
    const { tsmFiles, tsmBytes, tombstones } = content;
    if (!known || tombstones > 0) return;
    const own = { bucketID: bucket.bucketID, since, tsmFiles, tsmBytes };
    notes.set(id, { ...own, bytes: file.bytes, sha256: file.sha256, facts: known } as ShardNote);
  };
  yield {
    name,
    content: measured({ name, content: passed }, note),
    facts: () => shown(shard, notes.get(id)?.facts),
  };
}

/** True where a shard is counted by what it had before, and its part goes on. */
const goesOn = (
  { counts, files, notes }: Dumping,
  { id, bucket, span }: Shard,
  note: ShardNote | undefined,
): boolean => {
  if (!note || note.bucketID !== bucket.bucketID) return false;
  if (!counts.repeat(itemOfBucket(bucket), span, note.facts)) return false;
  files.push({ name: shardName(id), bytes: note.bytes, sha256: note.sha256 });
  notes.set(id, note);
  return true;
};

async function* shards(
  dumping: Dumping,
  buckets: readonly BucketMetadata[],
  known: Notes['shards'],
  earlier: Earlier | undefined,
): AsyncGenerator<NewPart | SamePart> {
  const { context, source, clock } = dumping;
  const unchanged = await unchangedShards(context, source, buckets.flatMap(shardIds), known, clock);
  for (const shard of buckets.flatMap(shardsOf)) {
    const name = shardName(shard.id);
    const mayGoOn = unchanged.has(shard.id) && earlier?.has(name);
    if (mayGoOn && goesOn(dumping, shard, known.get(shard.id))) yield { name, isSame: true };
    else yield* read(dumping, shard);
  }
}

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
  const dumping: Dumping = { context, source, counts, clock: new ServerClock(), files: [], notes: new Map() };
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
    yield* shards(dumping, buckets, known.shards, earlier);
    assertHoldsPoints(counts.result(), addressOf(source));
    yield listingEntry(dumping.files);
  }
  return {
    server,
    entries: entries(),
    fingerprint: async () => {
      warnOfDeletes(context, counts.withDeleted);
      return counts.result();
    },
    notes: () => writeNotes({ seriesKey, shards: dumping.notes }),
    close: () => counts.close(),
  };
};
