import type { RunContext } from '../../../core/context.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { RestoreScope } from '../../engine.ts';
import { expiryNotes } from '../expiry.ts';
import type { Header2 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { shown } from '../shown.ts';
import { groupsOf, itemOf, type BucketMetadata, type RestoredBucket } from './buckets.ts';
import { listObjects, missingNotes } from './objects.ts';

/** What of restored buckets is past their retention. */
export const expiringNotes = (buckets: readonly BucketMetadata[], now: Date): readonly string[] =>
  buckets.flatMap((metadata) =>
    expiryNotes(
      {
        what: `bucket ${shown(itemOf(metadata, true))}`,
        retention: BigInt(metadata.retentionPolicies[0].duration),
        groups: groupsOf(metadata),
      },
      now,
    ),
  );

export const copyNotes = (
  { retentionPolicies: [policy] }: BucketMetadata,
  into: string,
): readonly string[] =>
  policy.duration === 0 ? [] : [`bucket ${shown(into)} keeps its points forever; its retention is left out`];

/** What a server in use does not get besides buckets; undefined where the archive does not tell. */
export const leftNotes = async (
  context: RunContext,
  source: InfluxdbSource,
  { objects }: Header2,
): Promise<readonly string[]> => {
  const kept =
    'users, tokens, tasks, dashboards and everything else of the server stay as they are; only buckets are restored';
  if (objects === undefined) return [kept];
  return [kept, ...missingNotes(objects, await listObjects(context, source, 'restore.failed'))];
};

/** What a restore of buckets leaves, and what is about to expire. */
export const besideNotes = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header2,
  created: readonly RestoredBucket[],
  { only, into }: RestoreScope,
): Promise<readonly string[]> => {
  const buckets = created.map(({ metadata }) => metadata);
  if (into !== undefined) return copyNotes(mustExist(buckets[0], 'restored bucket'), into);
  const left = only ? [] : await leftNotes(context, source, header);
  return [...left, ...expiringNotes(buckets, context.now())];
};
