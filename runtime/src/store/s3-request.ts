import { HeadBucketCommand, HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { BackupError, isBackupError } from '../core/errors.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { s3Error, statusOf } from './s3-errors.ts';

/** `Bucket` and `Key` of a request. */
export const at = (
  { name, prefix }: Bucket,
  key: string,
): { readonly Bucket: string; readonly Key: string } => ({
  Bucket: name,
  Key: `${prefix}${key}`,
});

/** Runs requests about `key`; what the SDK throws becomes a BackupError. */
export const onKey = async <T>(bucket: Bucket, key: string, request: () => Promise<T>): Promise<T> => {
  try {
    return await request();
  } catch (error) {
    throw s3Error(error, nameOf(bucket, key));
  }
};

/** Buckets that were seen; asked once, when the first object is missing. */
const seen = new WeakSet<Bucket>();

/** S3 answers a HEAD without a reason, so a bucket that is not there looks like an object that is not. */
const requireBucket = async (bucket: Bucket): Promise<void> => {
  if (seen.has(bucket)) return;
  const missing = await bucket.client.send(new HeadBucketCommand({ Bucket: bucket.name })).then(
    () => false,
    (error: unknown) => statusOf(error) === 404,
  );
  if (missing) throw new BackupError('store.refused', `${nameOf(bucket, '')}: the bucket does not exist`);
  seen.add(bucket);
};

/** Undefined for what is not there. */
export const headObject = (bucket: Bucket, key: string): Promise<HeadObjectCommandOutput | undefined> =>
  onKey(bucket, key, () => bucket.client.send(new HeadObjectCommand(at(bucket, key)))).catch(
    async (error: unknown) => {
      if (!isBackupError(error, 'store.missing')) throw error;
      await requireBucket(bucket);
      return undefined;
    },
  );

/** A size as a server says it. @throws BackupError `store.failed` for what is none */
export const sizeOf = (bucket: Bucket, key: string, size: number | undefined): number => {
  if (size !== undefined && Number.isSafeInteger(size) && size >= 0) return size;
  throw new BackupError('store.failed', `${nameOf(bucket, key)}: the server says its size is ${size}`);
};
