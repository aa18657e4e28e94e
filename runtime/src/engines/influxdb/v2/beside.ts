import type { RunContext } from '../../../core/context.ts';
import { messageOf, type FailureCode } from '../../../core/errors.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest } from '../../engine.ts';
import { callJson, callText, type InfluxdbSource } from '../http.ts';
import { agree } from '../ranges.ts';
import { isSystem, itemOf, listAll, type BucketMetadata, type Organization } from './buckets.ts';
import { countBucket } from './count.ts';
import { readEntries, skip } from './entries.ts';
import { sendShard } from './shards.ts';
import { swap } from './swap.ts';

const failure: FailureCode = 'restore.failed';

/** A bucket restored under a name of its own, beside the live one. */
export interface Beside {
  readonly metadata: BucketMetadata;
  readonly id: string;
  readonly orgID: string;
}

interface Created {
  readonly id: string;
  readonly shardMappings: readonly { readonly oldId: number; readonly newId: number }[];
}

const organizationId = async (
  context: RunContext,
  source: InfluxdbSource,
  { organizationName: name }: BucketMetadata,
): Promise<string> => {
  const found = (await listAll<Organization>(context, source, 'orgs', failure)).find(
    (org) => org.name === name,
  );
  if (found) return found.id;
  const call = { method: 'POST', path: '/api/v2/orgs', json: { name }, failure } as const;
  return (await callJson<Organization>(context, source, call)).id;
};

/** Kept for ever until it is in place, so that retention takes nothing; groups without shards have no data. */
const asRequest = (metadata: BucketMetadata, organizationID: string, bucketName: string): unknown => ({
  ...metadata,
  organizationID,
  bucketName,
  retentionPolicies: metadata.retentionPolicies.map((policy) => ({
    ...policy,
    duration: 0,
    shardGroups: policy.shardGroups.filter(
      ({ deletedAt, shards }) => deletedAt === undefined && shards.length > 0,
    ),
  })),
});

const remove = async (context: RunContext, source: InfluxdbSource, { id }: Beside): Promise<void> => {
  try {
    await callText(context, source, { method: 'DELETE', path: `/api/v2/buckets/${id}`, failure });
  } catch (error) {
    context.log.warn(
      { bucket: id, reason: messageOf(error) },
      'a bucket made for the restore was left behind',
    );
  }
};

const count = async (
  context: RunContext,
  source: InfluxdbSource,
  asOf: Date,
  buckets: readonly Beside[],
): Promise<Fingerprint> => {
  const found: Record<string, Fingerprint[string]> = {};
  for (const bucket of buckets)
    found[itemOf(bucket.metadata)] = await countBucket(context, source, bucket, asOf, failure);
  return found;
};

/** Restores all buckets but the system's; `created` learns of each as soon as it is there. */
const fill = async (
  context: RunContext,
  source: InfluxdbSource,
  entries: Entries,
  suffix: string,
  created: Beside[],
): Promise<void> => {
  const newIds = new Map<number, number>();
  const create = async (metadata: BucketMetadata): Promise<void> => {
    const orgID = await organizationId(context, source, metadata);
    const json = asRequest(metadata, orgID, `${metadata.bucketName}_restore_${suffix}`);
    const call = { method: 'POST', path: '/api/v2/restore/bucketMetadata', json, failure } as const;
    const { id, shardMappings } = await callJson<Created>(context, source, call);
    created.push({ metadata, id, orgID });
    for (const { oldId, newId } of shardMappings) newIds.set(oldId, newId);
  };
  await readEntries(entries, {
    kv: skip,
    sql: skip,
    buckets: async (buckets) => {
      // one after the other: calls at the same time damage the server's own metadata
      for (const metadata of buckets) if (!isSystem(metadata)) await create(metadata);
    },
    shard: (id, content) => {
      const newId = newIds.get(id);
      return newId === undefined ? skip(content) : sendShard(context, source, newId, content);
    },
  });
};

/**
 * Restores buckets beside the live ones, compares, and only then lets them change names. Tasks, dashboards, users and
 * tokens of a server in use are left as they are.
 */
export const restoreBeside = async (
  context: RunContext,
  source: InfluxdbSource,
  asOf: Date,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const created: Beside[] = [];
  let placed = false;
  try {
    await fill(context, source, entries, request.suffix, created);
    const counted = await count(context, source, asOf, created);
    const fingerprint = agree(context, request.expected, counted);
    if (request.mode === 'trial') return { fingerprint };
    const replaced = await swap(context, source, created, request.suffix);
    placed = true;
    return { fingerprint, ...replaced };
  } finally {
    if (!placed) for (const bucket of created) await remove(context, source, bucket);
  }
};
