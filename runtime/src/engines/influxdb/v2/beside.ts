import type { RunContext } from '../../../core/context.ts';
import { BackupError, messageOf, type FailureCode } from '../../../core/errors.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest } from '../../engine.ts';
import { callJson, callText, type InfluxdbSource } from '../http.ts';
import { agree } from '../ranges.ts';
import { choose, expectedOf } from '../scope.ts';
import { skip } from '../skip.ts';
import {
  isSystem,
  itemOf,
  listAll,
  type BucketMetadata,
  type LiveBucket,
  type Organization,
} from './buckets.ts';
import { countBucket } from './count.ts';
import { readEntries } from './entries.ts';
import { sendShard } from './shards.ts';
import { keptName, restoredName, swap } from './swap.ts';

const failure: FailureCode = 'restore.failed';

/** A bucket restored under a name of its own, beside the live one. */
export interface Beside {
  readonly metadata: BucketMetadata;
  /** What it is going to be called. */
  readonly name: string;
  readonly id: string;
  readonly orgID: string;
}

interface Created {
  readonly id: string;
  readonly shardMappings: readonly { readonly oldId: number; readonly newId: number }[];
}

const createOrganization = (
  context: RunContext,
  source: InfluxdbSource,
  name: string,
): Promise<Organization> =>
  callJson<Organization>(context, source, { method: 'POST', path: '/api/v2/orgs', json: { name }, failure });

/** Id by name of the organizations that buckets belong to; those that the server lacks are created. */
const organizationIds = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly BucketMetadata[],
): Promise<ReadonlyMap<string, string>> => {
  const present = await listAll<Organization>(context, source, 'orgs', failure);
  const ids = new Map(present.map(({ name, id }) => [name, id]));
  for (const { organizationName: name } of buckets)
    if (!ids.has(name)) ids.set(name, (await createOrganization(context, source, name)).id);
  return ids;
};

/** Names that the restore needs must be free before it begins, not after hours. */
const assertFree = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly BucketMetadata[],
  { into, suffix }: RestoreRequest,
): Promise<void> => {
  const live = await listAll<LiveBucket>(context, source, 'buckets', failure);
  const needed = into
    ? [into, restoredName(into, suffix)]
    : buckets.flatMap(({ bucketName: name }) => [restoredName(name, suffix), keptName(name, suffix)]);
  const taken = live.find(({ name }) => needed.includes(name));
  if (taken) throw new BackupError('restore.refused', `bucket ${taken.name} exists already`);
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

/** Buckets that the request wants; never the system's. */
const wanted = (all: readonly BucketMetadata[], request: RestoreRequest): readonly BucketMetadata[] => {
  const own = all.filter((metadata) => !isSystem(metadata));
  return choose(own, request, itemOf, ({ bucketName }, part) => bucketName === part);
};

/** Restores the wanted buckets; `created` learns of each as soon as it is there. */
const fill = async (
  context: RunContext,
  source: InfluxdbSource,
  entries: Entries,
  request: RestoreRequest,
  created: Beside[],
): Promise<void> => {
  const newIds = new Map<number, number>();
  const create = async (metadata: BucketMetadata, orgID: string): Promise<void> => {
    const name = request.into ?? metadata.bucketName;
    const json = asRequest(metadata, orgID, restoredName(name, request.suffix));
    const call = { method: 'POST', path: '/api/v2/restore/bucketMetadata', json, failure } as const;
    const { id, shardMappings } = await callJson<Created>(context, source, call);
    created.push({ metadata, name, id, orgID });
    for (const { oldId, newId } of shardMappings) newIds.set(oldId, newId);
  };
  await readEntries(entries, {
    kv: skip,
    sql: skip,
    buckets: async (all) => {
      const buckets = wanted(all, request);
      await assertFree(context, source, buckets, request);
      const ids = await organizationIds(context, source, buckets);
      // one after the other: calls at the same time damage the server's own metadata
      for (const metadata of buckets) await create(metadata, ids.get(metadata.organizationName)!);
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
    await fill(context, source, entries, request, created);
    const counted = await count(context, source, asOf, created);
    const expected = request.only
      ? expectedOf(request.expected, (item) => item in counted)
      : request.expected;
    const fingerprint = agree(context, expected, counted);
    if (request.mode === 'trial') return { fingerprint };
    const replaced = await swap(context, source, created, request.suffix);
    placed = true;
    return request.into ? { fingerprint } : { fingerprint, ...replaced };
  } finally {
    if (!placed) for (const bucket of created) await remove(context, source, bucket);
  }
};
