import type { RunContext } from '../../../core/context.ts';
import { isBackupError } from '../../../core/errors.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { Fingerprint } from '../../engine.ts';
import type { InfluxdbSource } from '../http.ts';
import { intervalsOf, nanoseconds, timeText } from '../intervals.ts';
import { combine, warnOfDeletes, type Open } from '../ranges.ts';
import { groupsOf, isSystem, itemOf, listAll, type BucketMetadata, type LiveBucket } from './buckets.ts';
import { countBucket } from './count.ts';

const failure = 'dump.failed';

/** A dump under way. */
export interface Dumping {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  readonly asOf: Date;
}

/** What was read of a bucket. */
export interface ReadBucket {
  /** Counted before its shards were read; undefined where it was gone by then. */
  readonly before: Fingerprint[string] | undefined;
  readonly shards: ReadonlySet<number>;
  /** Shards with deletes that the server has not yet applied to its files. */
  readonly tombstoned: ReadonlySet<number>;
}

const isGone = async ({ context, source }: Dumping, { bucketID }: BucketMetadata): Promise<boolean> =>
  !(await listAll<LiveBucket>(context, source, 'buckets', failure)).some(({ id }) => id === bucketID);

/** Counts of buckets that are still there. */
export const countPresent = async (
  dumping: Dumping,
  buckets: readonly BucketMetadata[],
): Promise<ReadonlyMap<BucketMetadata, Fingerprint[string]>> => {
  const { context, source, asOf } = dumping;
  const found = new Map<BucketMetadata, Fingerprint[string]>();
  for (const bucket of buckets)
    try {
      const where = { id: bucket.bucketID, orgID: bucket.organizationID };
      found.set(
        bucket,
        await countBucket(context, source, where, bucket, { asOf, failure, series: 'visible' }),
      );
    } catch (error) {
      if (!isBackupError(error, failure) || !(await isGone(dumping, bucket).catch(() => false))) throw error;
      context.log.warn({ bucket: itemOf(bucket) }, 'a bucket was deleted while the dump ran');
    }
  return found;
};

/** Beginnings of the intervals that shards cover. */
const startsOf = (bucket: BucketMetadata, shards: ReadonlySet<number>, asOf: Date): ReadonlySet<string> => {
  const groups = groupsOf(bucket);
  const spans = groups
    .filter((group) => group.shards.some((id) => shards.has(id)))
    .map(({ start, end }) => [nanoseconds(start), nanoseconds(end)] as const);
  const intervals = intervalsOf(groups, asOf).filter(({ start, end }) =>
    spans.some(([from, to]) => start < to && end >= from),
  );
  return new Set(intervals.map(({ start }) => timeText(start)));
};

/** Of a bucket that was deleted while it was read: what the shards that were read held before. */
const countsOfRead = (
  bucket: BucketMetadata,
  { before = {}, shards }: ReadBucket,
  asOf: Date,
): Fingerprint[string] => {
  const starts = startsOf(bucket, shards, asOf);
  const { series = 0, points = 0, ...intervals } = before;
  const kept = Object.entries(intervals).filter(([measure]) => starts.has(measure.split(' ', 1).join('')));
  if (kept.length === Object.keys(intervals).length) return { series, points, ...intervals };
  return { series: `0..${series}`, points: `0..${points}`, ...Object.fromEntries(kept) };
};

/** What the dump holds: exactly its own buckets, whatever the server has by now. */
export const fingerprintOf = async (
  dumping: Dumping,
  buckets: readonly BucketMetadata[],
  read: ReadonlyMap<string, ReadBucket>,
): Promise<Fingerprint> => {
  const { context, asOf } = dumping;
  const own = buckets.filter((bucket) => !isSystem(bucket));
  const readOf = ({ bucketID }: BucketMetadata) => mustExist(read.get(bucketID), `bucket ${bucketID}`);
  const after = await countPresent(dumping, own);
  const found: Record<string, Fingerprint[string]> = {};
  const open = new Map<string, ReadonlySet<string>>();
  for (const bucket of own) {
    const item = itemOf(bucket);
    const known = readOf(bucket);
    if (known.tombstoned.size > 0) open.set(item, startsOf(bucket, known.tombstoned, asOf));
    const counted = after.get(bucket);
    found[item] = counted && known.before ? counted : countsOfRead(bucket, known, asOf);
  }
  warnOfDeletes(context, [...open.keys()]);
  const before = Object.fromEntries(
    own.map((bucket) => {
      const counted = after.has(bucket) ? readOf(bucket).before : undefined;
      return [itemOf(bucket), counted ?? found[itemOf(bucket)] ?? {}];
    }),
  );
  return combine(before, found, open satisfies Open);
};
