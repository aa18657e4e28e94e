import {
  AbortMultipartUploadCommand,
  DeleteObjectCommand,
  ListMultipartUploadsCommand,
  PutObjectCommand,
  type MultipartUpload,
} from '@aws-sdk/client-s3';
import { posix } from 'node:path';
import { BackupError, isBackupError } from '../core/errors.ts';
import { keyChecking } from './key-checking-store.ts';
import type { S3Config } from './config.ts';
import { besideAlias } from './keys.ts';
import { nameOf, openBucket, s3Limits, type Bucket, type S3Keys, type S3Limits } from './s3-client.ts';
import { copyObject } from './s3-copy.ts';
import { listObjects } from './s3-list.ts';
import { lockOf, prolong } from './s3-lock.ts';
import { uploadPages } from './s3-pages.ts';
import { getObject } from './s3-read.ts';
import { at, headObject, onKey, sizeOf } from './s3-request.ts';
import { upload } from './s3-upload.ts';
import { versionsOf } from './s3-versions.ts';
import { mostBytes, tooLarge } from './size-limits.ts';
import { untilText, type Store, type StoredObject } from './store.ts';

const head = async (bucket: Bucket, key: string): Promise<StoredObject | undefined> => {
  const found = await headObject(bucket, key);
  if (!found) return undefined;
  const lockedUntil = lockOf(found);
  return {
    key,
    bytes: sizeOf(bucket, key, found.ContentLength),
    modified: found.LastModified ?? new Date(0),
    tag: found.ETag ?? '',
    ...(lockedUntil && { lockedUntil }),
  };
};

/**
 * In a bucket with Object Lock, which is versioned, a DELETE without a version succeeds and hides an object that stays:
 * so the lock is asked for first.
 */
const remove = async (bucket: Bucket, key: string): Promise<void> => {
  const found = await headObject(bucket, key);
  const until = found && lockOf(found);
  if (until && until > new Date())
    throw new BackupError('store.locked', `${nameOf(bucket, key)} is locked until ${untilText(until)}`);
  await onKey(bucket, key, () => bucket.client.send(new DeleteObjectCommand(at(bucket, key))));
};

/** An alias is a small object that holds the name of the object beside it, so `cat` reads it. */
const point = async (bucket: Bucket, alias: string, key: string): Promise<void> => {
  const command = new PutObjectCommand({
    ...at(bucket, alias),
    Body: posix.basename(key),
    ContentType: 'text/plain',
  });
  await onKey(bucket, alias, () => bucket.client.send(command));
};

const resolve = async (bucket: Bucket, alias: string): Promise<string | undefined> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of getObject(bucket, alias, 0)) {
      bytes += chunk.length;
      if (bytes > mostBytes.alias) throw tooLarge(alias, 'alias', undefined);
      chunks.push(chunk);
    }
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return undefined;
    throw error;
  }
  return besideAlias(alias, Buffer.concat(chunks).toString('utf8'));
};

async function* unfinished(bucket: Bucket, olderThan: Date): AsyncGenerator<MultipartUpload> {
  const where = { Bucket: bucket.name, Prefix: bucket.prefix };
  const page = (marker: object) =>
    onKey(bucket, '', () => bucket.client.send(new ListMultipartUploadsCommand({ ...where, ...marker })));
  for await (const { Uploads } of uploadPages(bucket, page))
    for (const found of Uploads ?? []) if (found.Initiated && found.Initiated < olderThan) yield found;
}

const leftovers = async (bucket: Bucket, olderThan: Date): Promise<number> => {
  let found = 0;
  for await (const _ of unfinished(bucket, olderThan)) found++;
  return found;
};

const removeLeftovers = async (bucket: Bucket, olderThan: Date): Promise<number> => {
  let removed = 0;
  for await (const { Key, UploadId } of unfinished(bucket, olderThan)) {
    await onKey(bucket, '', () =>
      bucket.client.send(new AbortMultipartUploadCommand({ Bucket: bucket.name, Key, UploadId })),
    );
    removed++;
  }
  return removed;
};

/**
 * A store in a bucket of AWS or of any server that speaks S3. Keys are those of the directory store, under the prefix.
 * `keys` absent: the SDK's default credential chain. An object of 5 TiB is the most S3 takes.
 * @throws BackupError `plan.invalid` if `caFile` cannot be read; no request is sent yet.
 */
export const s3Store = async (
  config: S3Config,
  keys?: S3Keys,
  limits: S3Limits = s3Limits,
): Promise<Store> => {
  const bucket = await openBucket(config, keys, limits);
  return keyChecking({
    kind: 's3',
    location: bucket.location,
    put: (key, body, options) => upload(bucket, key, body, options),
    get: (key, start = 0) => getObject(bucket, key, start),
    head: (key) => head(bucket, key),
    list: (prefix, options) => listObjects(bucket, prefix, options),
    remove: (key) => remove(bucket, key),
    copy: (from, to) => copyObject(bucket, from, to),
    point: (alias, key) => point(bucket, alias, key),
    resolve: (alias) => resolve(bucket, alias),
    prolong: (key, until) => prolong(bucket, key, until),
    space: async () => undefined,
    leftovers: (olderThan) => leftovers(bucket, olderThan),
    removeLeftovers: (olderThan) => removeLeftovers(bucket, olderThan),
    versions: versionsOf(bucket),
  });
};
