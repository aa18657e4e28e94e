import type { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { GetObjectCommand, type GetObjectCommandOutput } from '@aws-sdk/client-s3';
import { BackupError } from '../core/errors.ts';
import { nameOf, type Bucket } from './s3-client.ts';
import { statusOf } from './s3-errors.ts';
import { at, headObject, onKey, sizeOf } from './s3-request.ts';

/** An object that is being read; the signal ends all requests for it. */
export interface Reading {
  readonly bucket: Bucket;
  readonly key: string;
  readonly versionId: string | undefined;
  readonly signal: AbortSignal;
}

/** An object as the first answer found it; each later answer has to be of the same. */
export interface Found {
  readonly bytes: number;
  /** Absent where a gateway gives none. */
  readonly etag: string | undefined;
}

/** An answer with bytes of an object, up to `end`. */
export interface Range {
  readonly found: Found;
  readonly end: number;
  /** How many bytes there are. */
  readonly length: number;
  readonly body: Readable;
}

/** A buffer, and how much of it is filled. */
export interface Filling {
  readonly buffer: Buffer;
  filled: number;
}

const [rangeNotSatisfiable, preconditionFailed] = [416, 412];

export const replaced = ({ bucket, key }: Reading): BackupError =>
  new BackupError('store.missing', `${nameOf(bucket, key)} was replaced while it was read`);

/** Undefined where `start` is the end of the object: S3 has no empty ranges. */
const ask = (
  reading: Reading,
  start: number,
  end: number | undefined,
  known: Found | undefined,
): Promise<GetObjectCommandOutput | undefined> => {
  const { bucket, key, versionId, signal } = reading;
  const range = {
    Range: `bytes=${start}-${end === undefined ? '' : end - 1}`,
    VersionId: versionId,
    IfMatch: known?.etag,
  };
  const command = new GetObjectCommand({ ...at(bucket, key), ...range });
  const unlessAtEnd = async (error: unknown): Promise<undefined> => {
    if (known && statusOf(error) === preconditionFailed) throw replaced(reading);
    if (statusOf(error) !== rangeNotSatisfiable || (await headObject(bucket, key))?.ContentLength !== start)
      throw error;
  };
  return onKey(bucket, key, () => bucket.client.send(command, { abortSignal: signal }).catch(unlessAtEnd));
};

/** What an answer holds. A gateway that ignores the range, or does not say the length, could hide a cut. */
const extentOf = (
  { bucket, key }: Reading,
  start: number,
  { ContentLength, ContentRange, ETag: etag }: GetObjectCommandOutput,
): Omit<Range, 'body'> => {
  const what = nameOf(bucket, key);
  if (ContentLength === undefined)
    throw new BackupError('store.failed', `${what}: the answer does not say its length`);
  const length = sizeOf(bucket, key, ContentLength);
  const end = start + length;
  if (ContentRange === undefined && start === 0) return { found: { bytes: end, etag }, end, length };
  const [, from, to, all] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(ContentRange ?? '') ?? [];
  if (Number(from) !== start || Number(to) !== end - 1)
    throw new BackupError(
      'store.failed',
      `${what}: asked to start at ${start}, got ${ContentRange ?? 'all of it'}`,
    );
  return { found: { bytes: sizeOf(bucket, key, Number(all)), etag }, end, length };
};

/**
 * Asks for bytes `start` to `end` of an object, of which there may be fewer; undefined where there is none.
 * @param end absent: of all there are
 * @param known what has been read of so far @throws BackupError `store.missing` if another object has its place
 */
export const openRange = async (
  reading: Reading,
  start: number,
  end?: number,
  known?: Found,
): Promise<Range | undefined> => {
  const answer = await ask(reading, start, end, known);
  if (!answer) return undefined;
  const body = answer.Body as Readable;
  try {
    const range = { ...extentOf(reading, start, answer), body };
    if (known && (range.found.bytes !== known.bytes || range.found.etag !== known.etag))
      throw replaced(reading);
    return range;
  } catch (error) {
    body.destroy();
    throw error;
  }
};

const assertWhole = ({ bucket, key }: Reading, received: number, { length }: Range): void => {
  if (received !== length)
    throw new BackupError(
      'store.failed',
      `${nameOf(bucket, key)} ended after ${received} of ${length} bytes`,
    );
};

/** The chunks of a range as they come. They fail unless all of them come; a broken connection becomes a BackupError. */
export async function* chunksOf(reading: Reading, range: Range): AsyncGenerator<Buffer, void, undefined> {
  const body = range.body.iterator() as AsyncIterator<Buffer>;
  let received = 0;
  try {
    for (;;) {
      const step = await onKey(reading.bucket, reading.key, () => body.next());
      if (step.done) break;
      received += step.value.length;
      if (received > range.length) break;
      yield step.value;
    }
  } finally {
    await body.return?.();
  }
  assertWhole(reading, received, range);
}

/** Reads a range into a buffer that has room for it. Fails as `chunksOf` does, and what came until then counts. */
export const readInto = async (reading: Reading, range: Range, filling: Filling): Promise<void> => {
  const before = filling.filled;
  // A listener, as an iterator costs more than the copying.
  range.body.on('data', (chunk: Buffer) => {
    filling.filled += chunk.copy(filling.buffer, filling.filled);
  });
  await onKey(reading.bucket, reading.key, () => finished(range.body));
  assertWhole(reading, filling.filled - before, range);
};
