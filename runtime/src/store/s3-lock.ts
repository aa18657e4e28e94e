import { PutObjectRetentionCommand, type HeadObjectCommandOutput } from '@aws-sdk/client-s3';
import type { Bucket } from './s3-client.ts';
import { at, headObject, onKey } from './s3-request.ts';
import { heldForever } from './store.ts';

/** Absent without Object Lock, and for an account that may not read it (s3:GetObjectRetention, s3:GetObjectLegalHold). */
export const lockOf = (found: HeadObjectCommandOutput): Date | undefined =>
  found.ObjectLockLegalHoldStatus === 'ON' ? heldForever : found.ObjectLockRetainUntilDate;

/** Needs s3:PutObjectRetention, which lets nobody shorten a lock. */
export const prolong = async (bucket: Bucket, key: string, until: Date): Promise<void> => {
  const found = await headObject(bucket, key);
  const lockedUntil = found && lockOf(found);
  if (!lockedUntil || lockedUntil >= until) return;
  const Retention = { Mode: found.ObjectLockMode, RetainUntilDate: until };
  const command = new PutObjectRetentionCommand({ ...at(bucket, key), Retention });
  await onKey(bucket, key, () => bucket.client.send(command));
};
