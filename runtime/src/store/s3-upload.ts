import { randomUUID } from 'node:crypto';
import { DeleteObjectCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import { BackupError } from '../core/errors.ts';
import { chunksOf } from './body.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { putParts } from './s3-multipart.ts';
import { partsOf, type Part } from './s3-parts.ts';
import { at, headObject, onKey } from './s3-request.ts';
import { commit, condition, metadata, send, type Upload } from './s3-sending.ts';
import type { Body, PutOptions } from './store.ts';

const putWhole = async (upload: Upload, { data, end }: Part): Promise<number> => {
  const { bucket, key } = upload;
  await upload.pace?.(data.length);
  const command = () =>
    new PutObjectCommand({ ...at(bucket, key), Body: data, ...metadata(upload), ...condition(upload) });
  await commit(upload, end, (options) => bucket.client.send(command(), options));
  return end;
};

/** Gateways were seen to lose parts: what is not as long as what was sent goes away again. */
const prove = async (upload: Upload, bytes: number): Promise<void> => {
  const { bucket, key } = upload;
  const stored = await send(upload, () => headObject(bucket, key));
  if (stored?.ContentLength === bytes) return;
  await onKey(bucket, key, () => bucket.client.send(new DeleteObjectCommand(at(bucket, key))));
  throw new BackupError(
    'store.failed',
    `${nameOf(bucket, key)} has ${stored?.ContentLength ?? 'no'} of ${bytes} bytes after the upload`,
  );
};

async function* startingWith(first: Part, rest: AsyncIterable<Part>): AsyncGenerator<Part> {
  yield first;
  yield* rest;
}

const sendAll = async (upload: Upload, parts: AsyncGenerator<Part>): Promise<number> => {
  const { value: first } = (await parts.next()) as IteratorYieldResult<Part>;
  return first.last ? putWhole(upload, first) : putParts(upload, startingWith(first, parts));
};

/**
 * Streams a body into an object, in parts if it is longer than one. The SDK's lib-storage is not used: its parts have
 * one size, which bounds the archive, and when stopped it returns before the parts are removed.
 */
export const upload = async (
  bucket: Bucket,
  key: string,
  body: Body,
  options: PutOptions = {},
): Promise<number> => {
  const { replace = false, signal = new AbortController().signal, sha256, pace } = options;
  const mark = sha256 ?? randomUUID();
  const self: Upload = { bucket, key, mark, resumes: sha256 !== undefined, replace, signal, pace, spare: [] };
  if (!replace && (await send(self, () => headObject(bucket, key))))
    throw new BackupError('store.exists', `${nameOf(bucket, key)} already exists`);
  const parts = partsOf(chunksOf(body, signal), bucket.limits.partBytes, self.spare);
  try {
    const bytes = await sendAll(self, parts);
    await prove(self, bytes);
    return bytes;
  } finally {
    await parts.return(undefined); // closes the body of an upload that failed
  }
};
