import type { RunContext } from '../../../core/context.ts';
import { messageOf } from '../../../core/errors.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { Entries, Hindrance, Preview, RestoreRequest } from '../../engine.ts';
import { makeFolder, removeFolder } from '../../scratch-folder.ts';
import type { Header2 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { shown, shownList } from '../shown.ts';
import { neededNames, wanted } from './restore-beside.ts';
import { listAll, type BucketMetadata, type LiveBucket, type Organization } from './buckets.ts';
import { mappingsOf } from './dbrps.ts';
import { bucketsIn } from './entries.ts';
import { assertOpens, fullNote } from './full.ts';
import { peek } from './kv.ts';
import { copyNotes, expiringNotes, leftNotes } from './notes.ts';
import { isWhole } from './restore.ts';
import { boundTokens } from './swap.ts';

const failure = 'restore.failed';

const previewWhole = async (
  context: RunContext,
  source: InfluxdbSource,
  entries: Entries,
): Promise<Preview> => {
  const folder = await makeFolder(context, 'influxdb-');
  try {
    const peeked = await peek(entries, folder, source.credentials.token);
    const hindrances: Hindrance[] = [];
    try {
      assertOpens(peeked.opens);
    } catch (error) {
      hindrances.push({ message: messageOf(error) });
    }
    const buckets = await bucketsIn(peeked.entries);
    return { hindrances, notes: [fullNote, ...expiringNotes(buckets, context.now())] };
  } finally {
    await removeFolder(folder);
  }
};

/** Live buckets whose place restored ones take. */
const replacedBy = (
  buckets: readonly BucketMetadata[],
  live: readonly LiveBucket[],
  organizations: readonly Organization[],
): readonly LiveBucket[] =>
  live.filter(({ name, orgID }) =>
    buckets.some(
      (bucket) =>
        bucket.bucketName === name &&
        organizations.some(
          ({ id, name: organization }) => id === orgID && organization === bucket.organizationName,
        ),
    ),
  );

const replacedNotes = async (
  context: RunContext,
  source: InfluxdbSource,
  replaced: readonly LiveBucket[],
): Promise<readonly string[]> => {
  const ids = replaced.map(({ id }) => id);
  const tokens = await boundTokens(context, source, ids);
  const mappings: string[] = [];
  for (const orgID of new Set(replaced.map((bucket) => bucket.orgID)))
    for (const mapping of await mappingsOf(context, source, orgID))
      if (ids.includes(mapping.bucketID)) mappings.push(`${mapping.database}/${mapping.retention_policy}`);
  return [
    ...(replaced.length > 0
      ? [`kept under another name: ${shownList(replaced.map(({ name }) => name))}`]
      : []),
    ...(tokens.length > 0
      ? [`tokens bound to the id of a replaced bucket must be created again: ${shownList(tokens)}`]
      : []),
    ...(mappings.length > 0
      ? [`DBRP mappings will point to the restored bucket: ${shownList(mappings)}`]
      : []),
  ];
};

const previewBeside = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header2,
  entries: Entries,
  request: RestoreRequest,
): Promise<Preview> => {
  const buckets = wanted(await bucketsIn(entries), request);
  const live = await listAll<LiveBucket>(context, source, 'buckets', failure);
  const organizations = await listAll<Organization>(context, source, 'orgs', failure);
  const needed = neededNames(buckets, request);
  const hindrances = live
    .filter(({ name }) => needed.includes(name))
    .map(({ name }) => ({ message: `bucket ${shown(name)} already exists` }));
  if (request.into !== undefined)
    return { hindrances, notes: copyNotes(mustExist(buckets[0], 'bucket that was asked for'), request.into) };
  const lacking = buckets
    .map(({ organizationName }) => organizationName)
    .filter((name) => !organizations.some((organization) => organization.name === name));
  return {
    hindrances,
    notes: [
      ...(request.only ? [] : await leftNotes(context, source, header)),
      ...(lacking.length > 0 ? [`organizations are created: ${shownList([...new Set(lacking)])}`] : []),
      ...(await replacedNotes(context, source, replacedBy(buckets, live, organizations))),
      ...expiringNotes(buckets, context.now()),
    ],
  };
};

/** What a restore of 2.x is going to meet and to leave. */
export const preview = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header2,
  entries: Entries,
  request: RestoreRequest,
): Promise<Preview> =>
  (await isWhole(context, source, request))
    ? previewWhole(context, source, entries)
    : previewBeside(context, source, header, entries, request);
