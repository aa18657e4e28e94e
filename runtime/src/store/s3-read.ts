import { pauseAfter, resuming, retryPolicy } from './retry.ts';
import type { Bucket } from './s3-client.ts';
import {
  chunksOf,
  openRange,
  readInto,
  replaced,
  type Filling,
  type Found,
  type Range,
  type Reading,
} from './s3-range.ts';

type Chunks = AsyncGenerator<Buffer, void, undefined>;

/** Streams a range to its end: what breaks is asked for again from there on, of the same object. */
async function* streamed(reading: Reading, start: number, opened: Range): Chunks {
  const { end, found } = opened;
  let [position, answer]: [number, Range | undefined] = [start, opened];
  const open = async function* (): Chunks {
    if (position === end) return;
    const range = answer ?? (await openRange(reading, position, end, found));
    if (!range) throw replaced(reading);
    answer = undefined;
    yield* chunksOf(reading, range);
  };
  for await (const chunk of resuming(open, retryPolicy, reading.signal)) {
    position += chunk.length;
    yield chunk;
  }
}

/** Fills a buffer from byte `start` on: what breaks is asked for again from there on, of the same object. */
const fill = async (reading: Reading, found: Found, start: number, filling: Filling): Promise<void> => {
  const { length } = filling.buffer;
  for (let attempt = 1; filling.filled < length; attempt++) {
    const before = filling.filled;
    try {
      const range = await openRange(reading, start + before, start + length, found);
      if (!range) throw replaced(reading);
      await readInto(reading, range, filling);
    } catch (error) {
      if (filling.filled > before) attempt = 1; // whatever makes progress may go on
      await pauseAfter(error, attempt, retryPolicy, reading.signal);
    }
  }
};

/** As much as a read of a socket gives: the reader's garbage stays young, and is found by V8's small collections. */
const pieceBytes = 1 << 16;

/** Copies, as the buffer is filled again while its reader may still hold a piece. */
function* piecesOf(buffer: Buffer): Generator<Buffer, void, undefined> {
  for (let at = 0; at < buffer.length; at += pieceBytes)
    yield Buffer.from(buffer.subarray(at, at + pieceBytes));
}

/**
 * The ranges of an object that follow the opened one, in order, each read while those before it are used. They double from two
 * on, so that a reader who stops soon has asked for little. Memory holds as many buffers as there are ranges.
 */
async function* ahead(reading: Reading, { found, end: from }: Range): Chunks {
  const { ranges, limits } = reading.bucket;
  const spare: Buffer[] = [];
  const next: Promise<Buffer>[] = [];
  const begin = (start: number): void => {
    const whole = spare.pop() ?? Buffer.allocUnsafeSlow(limits.partBytes);
    const buffer = whole.subarray(0, found.bytes - start);
    const filled = fill(reading, found, start, { buffer, filled: 0 }).then(() => buffer);
    filled.catch(() => {}); // seen when its turn comes
    next.push(filled);
  };
  for (let [end, width] = [from, 2]; ; width = Math.min(width * 2, ranges)) {
    for (; next.length < width && end < found.bytes; end += limits.partBytes) begin(end);
    const buffer = await next.shift();
    if (!buffer) return;
    yield* piecesOf(buffer);
    spare.push(buffer);
  }
}

/** Reads bytes `start` to the end, all of one object, and fails unless all of them came. */
export async function* getObject(bucket: Bucket, key: string, start: number, versionId?: string): Chunks {
  const stop = new AbortController();
  const reading = { bucket, key, versionId, signal: stop.signal };
  const isAlone = bucket.ranges === 1;
  try {
    const opened = await openRange(reading, start, isAlone ? undefined : start + bucket.limits.partBytes);
    if (!opened) return;
    yield* streamed(reading, start, opened);
    yield* ahead(reading, opened);
  } finally {
    stop.abort();
  }
}
