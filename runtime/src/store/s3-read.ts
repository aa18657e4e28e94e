import type { Readable } from 'node:stream';
import {
  GetObjectCommand,
  ListObjectsV2Command,
  type GetObjectCommandOutput,
  type _Object as Content,
} from '@aws-sdk/client-s3';
import { BackupError } from '../core/errors.ts';
import { isObjectKey } from './keys.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { statusOf } from './s3-errors.ts';
import { pages } from './s3-pages.ts';
import { at, headObject, onKey, sizeOf } from './s3-request.ts';
import type { StoredObject } from './store.ts';

const rangeNotSatisfiable = 416;

/** Undefined where `start` is the end of the object: S3 has no empty ranges. */
const open = async (
  bucket: Bucket,
  key: string,
  start: number,
  VersionId?: string,
): Promise<GetObjectCommandOutput | undefined> => {
  const range = start > 0 ? { Range: `bytes=${start}-` } : {};
  const command = new GetObjectCommand({ ...at(bucket, key), ...range, VersionId });
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
  bucket: Bucket,
  key: string,
  start: number,
  { ContentLength: length, ContentRange: range }: GetObjectCommandOutput,
): number => {
  const what = nameOf(bucket, key);
  if (length === undefined)
    throw new BackupError('store.failed', `${what}: the answer does not say its length`);
  const bytes = sizeOf(bucket, key, length);
  const asked = new RegExp(`^bytes ${start}-(\\d+)/`);
  if (start > 0 && Number(asked.exec(range ?? '')?.[1] ?? NaN) !== start + bytes - 1)
    throw new BackupError('store.failed', `${what}: asked to start at ${start}, got ${range ?? 'all of it'}`);
  return bytes;
};

/** Reads bytes `start` to the end, and fails unless all of them came. */
export async function* getObject(
  bucket: Bucket,
  key: string,
  start: number,
  versionId?: string,
): AsyncGenerator<Buffer> {
  const response = await open(bucket, key, start, versionId);
  if (!response) return;
  const what = nameOf(bucket, key);
  const length = checkAnswer(bucket, key, start, response);
  let received = 0;
  for await (const chunk of chunksOf(bucket, key, response)) {
    received += chunk.length;
    if (received > length) break;
    yield chunk;
  }
  if (received !== length)
    throw new BackupError('store.failed', `${what} ended after ${received} of ${length} bytes`);
}

/** Objects of a page that are ours: not aliases, nor what others keep in the bucket, nor what was not asked for. */
const ours = (bucket: Bucket, prefix: string, contents: readonly Content[]): StoredObject[] =>
  contents.flatMap(({ Key = '', Size, LastModified, ETag = '' }) => {
    const key = Key.slice(bucket.prefix.length);
    if (!Key.startsWith(`${bucket.prefix}${prefix}`) || !isObjectKey(key)) return [];
    return [{ key, bytes: sizeOf(bucket, key, Size), modified: LastModified ?? new Date(0), tag: ETag }];
  });

/** Objects in key order, page by page; some gateways sort folders in another way, which within a page is put right. */
export async function* listObjects(bucket: Bucket, prefix: string): AsyncGenerator<StoredObject> {
  const { Bucket, Key: Prefix } = at(bucket, prefix);
  const read = (ContinuationToken: string | undefined) =>
    onKey(bucket, prefix, () =>
      bucket.client.send(new ListObjectsV2Command({ Bucket, Prefix, ContinuationToken })),
    );
  let last = '';
  for await (const page of pages(bucket, read, ({ NextContinuationToken }) => NextContinuationToken)) {
    const objects = ours(bucket, prefix, page.Contents ?? []);
    for (const object of objects.sort((a, b) => (a.key < b.key ? -1 : 1))) {
      if (object.key < last)
        throw new BackupError(
          'store.failed',
          `${nameOf(bucket, prefix)}: the server lists keys out of order`,
        );
      if (object.key > last) yield object;
      last = object.key;
    }
  }
}
