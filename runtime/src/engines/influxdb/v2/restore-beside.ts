import type { RunContext } from '../../../core/context.ts';
import { BackupError, messageOf, type FailureCode } from '../../../core/errors.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest, RestoreScope } from '../../engine.ts';
import type { Header2 } from '../header.ts';
import { callJson, callText, type InfluxdbSource } from '../http.ts';
import { lastCalls } from '../last-calls.ts';
import { keptName, restoredName } from '../leftover-names.ts';
import { countsFields } from '../measures.ts';
import { agree } from '../ranges.ts';
import { choose, expectedOf } from '../scope.ts';
import { shown } from '../shown.ts';
import { skip } from '../skip.ts';
import {
  isSystem,
  itemOf,
  listAll,
  type BucketMetadata,
  type LiveBucket,
  type Organization,
  type RestoredBucket,
} from './buckets.ts';
import { countBucket, mannerFor, type Manner } from './count.ts';
import { readEntries } from './entries.ts';
import { besideNotes } from './notes.ts';
import { sendShard } from './shards.ts';
import { swap } from './swap.ts';

const failure: FailureCode = 'restore.failed';

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

/** Id by name of the organizations that buckets belong to; those that the server lacks are created, and `made`. */
const organizationIds = async (
  { context, source, made }: Restoring,
  buckets: readonly BucketMetadata[],
): Promise<ReadonlyMap<string, string>> => {
  const present = await listAll<Organization>(context, source, 'orgs', failure);
  const ids = new Map(present.map(({ name, id }) => [name, id]));
  for (const { organizationName: name } of buckets) {
    if (ids.has(name)) continue;
    const organization = await createOrganization(context, source, name);
    made.push(organization);
    ids.set(name, organization.id);
  }
  return ids;
};

/** Names that a restore needs, and that must be free before it begins, not after hours. */
export const neededNames = (
  buckets: readonly BucketMetadata[],
  { into, suffix }: RestoreRequest,
): readonly string[] =>
  into === undefined
    ? buckets.flatMap(({ bucketName: name }) => [restoredName(name, suffix), keptName(name, suffix)])
    : [into, restoredName(into, suffix)];

const assertFree = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly BucketMetadata[],
  request: RestoreRequest,
): Promise<void> => {
  const needed = neededNames(buckets, request);
  const live = await listAll<LiveBucket>(context, source, 'buckets', failure);
  const taken = live.find(({ name }) => needed.includes(name));
  if (taken) throw new BackupError('restore.refused', `bucket ${taken.name} already exists`);
};

/** Of buckets that are being restored: only what bears it goes with a later run. */
export const unfinishedMark = 'grill-backup: not restored to its end';

/** Kept for ever until it is in place, so that retention takes nothing; groups without shards have no data. */
const asRequest = (metadata: BucketMetadata, organizationID: string, bucketName: string): unknown => ({
  ...metadata,
  organizationID,
  bucketName,
  description: unfinishedMark,
  retentionPolicies: metadata.retentionPolicies.map((policy) => ({
    ...policy,
    duration: 0,
    shardGroups: policy.shardGroups.filter(
      ({ deletedAt, shards }) => deletedAt === undefined && shards.length > 0,
    ),
  })),
});

/** Only under the name that the restore gave it: a bucket that took the live one's place may be all there is. */
const removeQuietly = async (
  context: RunContext,
  source: InfluxdbSource,
  what: 'bucket' | 'org',
  { id, name }: { readonly id: string; readonly name: string },
): Promise<void> => {
  const path = `/api/v2/${what}s/${id}`;
  try {
    const found = await callJson<{ readonly name: string }>(context, source, {
      method: 'GET',
      path,
      failure,
    });
    if (found.name !== name) throw new BackupError(failure, `it is named ${shown(found.name)} now`);
    await callText(context, source, { method: 'DELETE', path, failure });
  } catch (error) {
    context.log.warn(
      { [what]: id, reason: messageOf(error) },
      `a ${what} made for the restore was left behind`,
    );
  }
};

const count = async (
  context: RunContext,
  source: InfluxdbSource,
  buckets: readonly RestoredBucket[],
  manner: Manner,
): Promise<Fingerprint> => {
  const found: Record<string, Fingerprint[string]> = {};
  for (const { id, orgID, metadata } of buckets)
    found[itemOf(metadata, manner.byFields)] = await countBucket(
      context,
      source,
      { id, orgID },
      metadata,
      manner,
    );
  return found;
};

/** Buckets that the request wants, named `organization/bucket` or `bucket`; never the system's. */
export const wanted = (all: readonly BucketMetadata[], request: RestoreScope): readonly BucketMetadata[] => {
  const own = all.filter((metadata) => !isSystem(metadata));
  const isMeant = (metadata: BucketMetadata, part: string): boolean =>
    metadata.bucketName === part || itemOf(metadata, true) === part;
  return choose(own, request, (metadata) => itemOf(metadata), isMeant);
};

/** A restore under way; what it has made so far grows. */
interface Restoring {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  readonly request: RestoreRequest;
  readonly created: RestoredBucket[];
  readonly made: Organization[];
}

/** What a restore has made, and nothing else. */
const removeMade = async ({ source, request, created, made, ...restoring }: Restoring): Promise<void> => {
  const context = lastCalls(restoring.context);
  for (const { id, name } of created)
    await removeQuietly(context, source, 'bucket', { id, name: restoredName(name, request.suffix) });
  for (const organization of made) await removeQuietly(context, source, 'org', organization);
};

/** Restores the wanted buckets; `created` learns of each as soon as it is there. */
const fill = async (restoring: Restoring, entries: Entries): Promise<void> => {
  const { context, source, request, created } = restoring;
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
      const ids = await organizationIds(restoring, buckets);
      // one after the other: calls at the same time damage the server's own metadata
      for (const metadata of buckets)
        await create(metadata, mustExist(ids.get(metadata.organizationName), 'organization'));
    },
    shard: (id, content) => {
      const newId = newIds.get(id);
      return newId === undefined ? skip(content) : sendShard(context, source, newId, content);
    },
  });
};

/** What is restored, counted and compared. */
const prove = async (
  { context, source, request, created }: Restoring,
  header: Header2,
): Promise<Fingerprint> => {
  const asOf = new Date(header.asOf);
  const byFields = countsFields(request.expected);
  const counting = mannerFor(header.counted, request.expected);
  const counted = await count(context, source, created, { asOf, failure, byFields, ...counting });
  const expected = request.only ? expectedOf(request.expected, (item) => item in counted) : request.expected;
  return agree(context, expected, counted);
};

/**
 * Restores buckets beside the live ones, compares, and only then lets them change names. Tasks, dashboards, users and
 * tokens of a server in use are left as they are.
 */
export const restoreBeside = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header2,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const restoring: Restoring = { context, source, request, created: [], made: [] };
  const { created } = restoring;
  let placed = false;
  try {
    await fill(restoring, entries);
    const fingerprint = await prove(restoring, header);
    if (request.mode === 'trial') return { fingerprint };
    const { notes, ...replaced } = await swap(context, source, created, request);
    placed = true;
    const all = [...notes, ...(await besideNotes(context, source, header, created, request))];
    return { fingerprint, ...(request.into ? {} : replaced), notes: all };
  } finally {
    if (!placed) await removeMade(restoring);
  }
};
