import type { Readable } from 'node:stream';
import { GetObjectCommand, ListObjectsV2Command, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { BackupError } from '../core/errors.ts';
import { isObjectKey } from './keys.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { statusOf } from './s3-errors.ts';
import { at, headObject, onKey } from './s3-request.ts';
import type { StoredObject } from './store.ts';

const rangeNotSatisfiable = 416;

/** Undefined where `start` is the end of the object: S3 has no empty ranges. */
const open = async (
  bucket: Bucket,
  key: string,
  start: number,
): Promise<GetObjectCommandOutput | undefined> => {
  const range = start > 0 ? { Range: `bytes=${start}-` } : {};
  const command = new GetObjectCommand({ ...at(bucket, key), ...range });
  const atEnd = async (error: unknown): Promise<undefined> => {
    if (statusOf(error) !== rangeNotSatisfiable || (await headObject(bucket, key))?.ContentLength !== start)
      throw error;
  };
  return onKey(bucket, key, () => bucket.client.send(command).catch(atEnd));
};

/** The chunks of a response; a broken connection becomes a BackupError. */
async function* chunksOf(
  bucket: Bucket,
  key: string,
  response: GetObjectCommandOutput,
): AsyncGenerator<Buffer> {
  const body = (response.Body as Readable).iterator() as AsyncIterator<Buffer>;
  try {
    for (;;) {
      const step = await onKey(bucket, key, () => body.next());
      if (step.done) return;
      yield step.value;
    }
  } finally {
    await body.return?.();
  }
}

/** Length of the answer's body. A gateway that ignores the range, or does not say the length, could hide a cut. */
const checkAnswer = (
  what: string,
  start: number,
  { ContentLength: length, ContentRange: range }: GetObjectCommandOutput,
): number => {
  if (start > 0 && !range?.startsWith(`bytes ${start}-`))
    throw new BackupError('store.failed', `${what}: asked to start at ${start}, got ${range ?? 'all of it'}`);
  if (length === undefined)
    throw new BackupError('store.failed', `${what}: the answer does not say its length`);
  return length;
};

/** Reads bytes `start` to the end, and fails unless all of them came. */
export async function* getObject(bucket: Bucket, key: string, start: number): AsyncGenerator<Buffer> {
  const response = await open(bucket, key, start);
  if (!response) return;
  const what = nameOf(bucket, key);
  const length = checkAnswer(what, start, response);
  let received = 0;
  for await (const chunk of chunksOf(bucket, key, response)) {
    received += chunk.length;
    yield chunk;
  }
  if (received !== length)
    throw new BackupError('store.failed', `${what} ended after ${received} of ${length} bytes`);
}

/** Objects in key order, page by page; aliases and what others keep in the bucket are left out. */
export async function* listObjects(bucket: Bucket, prefix: string): AsyncGenerator<StoredObject> {
  const { Bucket, Key: Prefix } = at(bucket, prefix);
  for (let token: string | undefined, more = true; more;) {
    const command = new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken: token });
    const page = await onKey(bucket, prefix, () => bucket.client.send(command));
    for (const { Key = '', Size = 0, LastModified = new Date(0) } of page.Contents ?? []) {
      const key = Key.slice(bucket.prefix.length);
      if (isObjectKey(key)) yield { key, bytes: Size, modified: LastModified };
    }
    [token, more] = [page.NextContinuationToken, page.IsTruncated ?? false];
  }
}
