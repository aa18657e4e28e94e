import type { Entries, Fingerprint } from '../../engine.ts';
import { skip } from '../skip.ts';
import { isSystem, itemOf, type BucketMetadata } from './buckets.ts';
import { readEntries } from './entries.ts';

/** Every entry is there and sound; items are named, points need a server. */
export const inspect = async (entries: Entries): Promise<Fingerprint> => {
  let found: readonly BucketMetadata[] = [];
  await readEntries(entries, {
    kv: skip,
    sql: skip,
    buckets: async (buckets) => {
      found = buckets;
    },
    shard: (_id, content) => skip(content),
  });
  return Object.fromEntries(
    found.filter((bucket) => !isSystem(bucket)).map((bucket) => [itemOf(bucket), {}] as const),
  );
};
