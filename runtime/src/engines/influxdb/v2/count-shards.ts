import type { ItemCounts } from '../tsm/item-counts.ts';
import { groupsOf, isSystem, itemOf, shardIds, type BucketMetadata } from './buckets.ts';

/** Begins the items of buckets but the system's. */
export const beginBuckets = (counts: ItemCounts, buckets: readonly BucketMetadata[]): void => {
  for (const bucket of buckets.filter((each) => !isSystem(each)))
    counts.begin(itemOf(bucket), groupsOf(bucket));
};

/** Item of the shards of a bucket; undefined for those of the system. */
export const itemOfBucket = (bucket: BucketMetadata): string | undefined =>
  isSystem(bucket) ? undefined : itemOf(bucket);

/** Item of a shard; undefined for those of the system. */
export const itemOfShard = (buckets: readonly BucketMetadata[], id: number): string | undefined => {
  const bucket = buckets.find((each) => shardIds(each).includes(id));
  return bucket && itemOfBucket(bucket);
};
