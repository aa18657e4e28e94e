import { retryPolicy, withRetries } from './retry.ts';
import type { Bucket } from './s3-client.ts';
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
export const condition = ({ replace }: Upload) => (replace ? {} : { IfNoneMatch: '*' });

/** Sends a request of an upload, again where that may help: the body of a `put` comes once, but a part can be repeated. */
export const send = <T>(
  { bucket, key, signal }: Upload,
  request: (options: { readonly abortSignal: AbortSignal }) => Promise<T>,
): Promise<T> =>
  withRetries(() => onKey(bucket, key, () => request({ abortSignal: signal })), retryPolicy, signal);

/**
 * Sends the request that makes the object appear. Its answer may be lost, and its repetition be refused, though the
 * object is stored: then it bears this upload's mark.
 */
export const commit = async (upload: Upload, request: Parameters<typeof send>[1]): Promise<void> => {
  await send(upload, request).catch(async (error: unknown) => {
    const stored = await headObject(upload.bucket, upload.key).catch(() => undefined);
    if (stored?.Metadata?.[markName] !== upload.mark) throw error;
  });
};
