import {
  GetBucketLifecycleConfigurationCommand,
  GetBucketVersioningCommand,
  ListObjectVersionsCommand,
  type LifecycleRule,
  type ListObjectVersionsCommandOutput,
} from '@aws-sdk/client-s3';
import { isBackupError } from '../core/errors.ts';
import { isObjectKey } from './keys.ts';
import type { Bucket } from './s3-client.ts';
import { copyVersion } from './s3-copy.ts';
import { pages } from './s3-pages.ts';
import { getObject } from './s3-read.ts';
import { at, onKey, sizeOf } from './s3-request.ts';
import type { ObjectVersion, Versions } from './store.ts';

/** Suspended: versions from before are still there. */
const areKept = async (bucket: Bucket): Promise<boolean> => {
  const command = new GetBucketVersioningCommand({ Bucket: bucket.name });
  return Boolean((await onKey(bucket, '', () => bucket.client.send(command))).Status);
};

/** A rule whose prefix ends within that of the store, and that asks for no tags or sizes, which ours have not. */
const isForAll = ({ prefix }: Bucket, { Filter, Prefix }: LifecycleRule): boolean =>
  !Filter?.Tag && !Filter?.And && prefix.startsWith(Filter?.Prefix ?? Prefix ?? '');

const expire = async (bucket: Bucket): Promise<boolean> => {
  const command = new GetBucketLifecycleConfigurationCommand({ Bucket: bucket.name });
  const found = await onKey(bucket, '', () => bucket.client.send(command)).catch((error: unknown) => {
    if (!isBackupError(error, 'store.missing')) throw error; // no rule at all is answered with 404
  });
  return (found?.Rules ?? []).some(
    (rule) =>
      rule.Status === 'Enabled' &&
      isForAll(bucket, rule) &&
      rule.NoncurrentVersionExpiration?.NoncurrentDays !== undefined,
  );
};

const versionsOn = (
  bucket: Bucket,
  prefix: string,
  { Versions: stored = [], DeleteMarkers = [] }: ListObjectVersionsCommandOutput,
): readonly ObjectVersion[] => {
  const all = [
    ...stored.map((each) => ({ ...each, isDeletion: false })),
    ...DeleteMarkers.map((each) => ({ ...each, Size: 0, ETag: '', isDeletion: true })),
  ];
  return all.flatMap(({ Key = '', VersionId, Size, LastModified, IsLatest, ETag = '', isDeletion }) => {
    const key = Key.slice(bucket.prefix.length);
    if (!Key.startsWith(`${bucket.prefix}${prefix}`) || !isObjectKey(key) || !VersionId) return [];
    const modified = LastModified ?? new Date(0);
    const bytes = sizeOf(bucket, key, Size);
    return [{ key, id: VersionId, bytes, modified, isCurrent: IsLatest ?? false, isDeletion, etag: ETag }];
  });
};

const newestFirst = (a: ObjectVersion, b: ObjectVersion): number => {
  if (a.key !== b.key) return a.key < b.key ? -1 : 1;
  return Number(b.isCurrent) - Number(a.isCurrent) || b.modified.getTime() - a.modified.getTime();
};

async function* list(bucket: Bucket, prefix: string): AsyncGenerator<ObjectVersion> {
  const { Bucket, Key: Prefix } = at(bucket, prefix);
  const read = (mark: string | undefined) => {
    const [KeyMarker, VersionIdMarker] = mark === undefined ? [] : (JSON.parse(mark) as string[]);
    const command = new ListObjectVersionsCommand({ Bucket, Prefix, KeyMarker, VersionIdMarker });
    return onKey(bucket, prefix, () => bucket.client.send(command));
  };
  const markOf = ({ NextKeyMarker, NextVersionIdMarker }: ListObjectVersionsCommandOutput) =>
    NextKeyMarker === undefined ? undefined : JSON.stringify([NextKeyMarker, NextVersionIdMarker]);
  for await (const page of pages(bucket, read, markOf))
    yield* versionsOn(bucket, prefix, page).toSorted(newestFirst);
}

/** What a versioned bucket keeps. Asks for s3:GetBucketVersioning, GetLifecycleConfiguration, ListBucketVersions, GetObjectVersion. */
export const versionsOf = (bucket: Bucket): Versions => ({
  areKept: () => areKept(bucket),
  expire: () => expire(bucket),
  list: (prefix) => list(bucket, prefix),
  get: ({ key, id }) => getObject(bucket, key, 0, id),
  bringBack: (version) => copyVersion(bucket, version),
});
