import { HeadObjectCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import { isBackupError } from '../core/errors.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { s3Error } from './s3-errors.ts';

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

/** Undefined for what is not there; also where the bucket is not there, as S3 answers a HEAD without a reason. */
export const headObject = (bucket: Bucket, key: string): Promise<HeadObjectCommandOutput | undefined> =>
  onKey(bucket, key, () => bucket.client.send(new HeadObjectCommand(at(bucket, key)))).catch(
    (error: unknown) => {
      if (isBackupError(error, 'store.missing')) return undefined;
      throw error;
    },
  );
