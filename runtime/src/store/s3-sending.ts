import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError } from '../core/errors.ts';
import { retryPolicy, withRetries } from './retry.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { s3Error, statusOf } from './s3-errors.ts';
import { headObject, onKey } from './s3-request.ts';
import type { PutOptions } from './store.ts';

/** Metadata that tells an object of this very upload from another one under the same key. */
const markName = 'grill-backup-upload';

/** One `put` under way. */
export interface Upload {
  readonly bucket: Bucket;
  readonly key: string;
  readonly mark: string;
  /** Continues what an earlier upload of the same content has sent. */
  readonly resumes: boolean;
  readonly replace: boolean;
  readonly signal: AbortSignal;
  readonly pace?: PutOptions['pace'];
  /** Buffers of parts that were sent. */
  readonly spare: Buffer[];
}

export const metadata = ({ mark }: Upload) => ({ Metadata: { [markName]: mark } });

/** Gateways that do not know the condition ignore it, so `upload` looks first as well. */
export const condition = ({ replace, bucket }: Upload) =>
  replace || !bucket.conditionalWrites ? {} : { IfNoneMatch: '*' };

const unknowing = [400, 501];

/** Some gateways refuse what they do not know instead: then the option that helps is named. */
const hinted = ({ replace, bucket, key }: Upload, error: unknown): unknown => {
  if (replace || !bucket.conditionalWrites || !unknowing.includes(statusOf(error) ?? 0)) return error;
  return new BackupError(
    'store.refused',
    `${s3Error(error, nameOf(bucket, key)).message}: for a server without conditional writes (If-None-Match), set stores.s3.conditionalWrites: false`,
  );
};

/** Sends a request of an upload, again where that may help: the body of a `put` comes once, but a part can be repeated. */
export const send = <T>(
  { bucket, key, signal }: Upload,
  request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> =>
  withRetries(() => onKey(bucket, key, () => request({ abortSignal: signal })), retryPolicy, signal);

/** True for what this very upload stored. */
const isOwn = async (upload: Upload): Promise<boolean> =>
  (await headObject(upload.bucket, upload.key))?.Metadata?.[markName] === upload.mark;

/** Larger objects are archives, whose target is locked, and whose names differ by the second. */
const contestedBytes = 1 << 20;

/**
 * Exclusive creation without conditions: whoever wrote last is seen by all after a while, and has won, provided that
 * nobody writes later than so long after having looked. One who was so slow gives up; who won writes its lock again.
 * @throws BackupError `store.exists`, `store.failed`
 */
const settle = async (upload: Upload, lookedMs: number): Promise<void> => {
  const { bucket, key } = upload;
  const { settleMs } = bucket.limits;
  if (performance.now() - lookedMs > settleMs)
    throw new BackupError('store.failed', `${nameOf(bucket, key)} took too long to write exclusively`);
  await sleep(settleMs);
  if (!(await isOwn(upload)))
    throw new BackupError(
      'store.exists',
      `${nameOf(bucket, key)} was written by another run at the same time`,
    );
};

/**
 * Sends the request that makes the object appear. Its answer may be lost, and its repetition be refused, though the
 * object is stored: then it bears this upload's mark.
 */
export const commit = async (
  upload: Upload,
  bytes: number,
  request: Parameters<typeof send>[1],
): Promise<void> => {
  const { bucket, key, replace } = upload;
  const contested = !replace && !bucket.conditionalWrites && bytes <= contestedBytes;
  const lookedMs = performance.now();
  if (contested && (await send(upload, () => headObject(bucket, key))))
    throw new BackupError('store.exists', `${nameOf(bucket, key)} already exists`);
  const hinting = (options: Parameters<typeof request>[0]) =>
    request(options).catch((error: unknown) => {
      throw hinted(upload, error);
    });
  await send(upload, hinting).catch(async (error: unknown) => {
    if (!(await isOwn(upload).catch(() => false))) throw error;
  });
  if (contested) await settle(upload, lookedMs);
};
