import type { Entries, Fingerprint } from '../../engine.ts';
import { skip } from '../skip.ts';
import type { ItemCounts } from '../tsm/item-counts.ts';
import { isSystem, itemOf, type BucketMetadata } from './buckets.ts';
import { beginBuckets, itemOfShard } from './count-shards.ts';
import { readEntries } from './entries.ts';

/** Items without counts, which need a server. */
const named = (buckets: readonly BucketMetadata[]): Fingerprint =>
  Object.fromEntries(
    buckets.filter((bucket) => !isSystem(bucket)).map((bucket) => [itemOf(bucket), {}] as const),
  );

/** Every entry is there and sound; counted where the dump was counted so. */
export const inspect = async (entries: Entries, counts?: ItemCounts): Promise<Fingerprint> => {
  let found: readonly BucketMetadata[] = [];
  const handlers = {
    kv: skip,
    sql: skip,
    buckets: async (buckets: readonly BucketMetadata[]) => {
      found = buckets;
      if (counts) beginBuckets(counts, buckets);
    },
    shard: (_id: number, content: AsyncIterable<Buffer>) => skip(content),
  };
  await readEntries(entries, handlers, counts && ((id) => counts.shard(itemOfShard(found, id))));
  return counts?.result() ?? named(found);
};
