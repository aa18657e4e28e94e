/**
 * A stream of unknown length must fit into 10,000 parts, and an object may have 5 TiB (S3 "Multipart upload limits").
 * A part is at least 1/1380 of what was sent before it: sizes stay at the minimum for the first 1,380 parts (10.8 GiB
 * at 8 MiB) and reach 5 TiB before the parts run out.
 */
const growth = 1380;

/** Steps of a part's size above the minimum, so that a buffer serves many parts. */
const step = 1 << 20;

export const partSize = (sentBytes: number, minimumBytes: number): number => {
  const needed = sentBytes / growth;
  return needed <= minimumBytes ? minimumBytes : Math.ceil(needed / step) * step;
};

export interface Part {
  /** From 1. */
  readonly number: number;
  readonly data: Buffer;
  /** Bytes of the stream up to the end of this part. */
  readonly end: number;
  readonly last: boolean;
}

/** A buffer of that size: the next spare one, or a new one where it is too short or there is none. */
const take = (spare: Buffer[], bytes: number): Buffer => {
  const buffer = spare.pop();
  return buffer?.length === bytes ? buffer : Buffer.allocUnsafeSlow(bytes);
};

/**
 * Cuts a stream into parts; each chunk is copied once. There is at least one part, empty for an empty stream. Buffers
 * that the caller is done with go into `spare` and are filled anew: the collector alone would let them pile up.
 */
export async function* partsOf(
  chunks: AsyncIterable<Buffer>,
  minimumBytes: number,
  spare: Buffer[] = [],
): AsyncGenerator<Part> {
  let [number, sent, filled, data] = [1, 0, 0, take(spare, minimumBytes)];
  for await (const chunk of chunks)
    for (let taken = 0; taken < chunk.length;) {
      if (filled === data.length) {
        sent += filled;
        yield { number: number++, data, end: sent, last: false };
        [data, filled] = [take(spare, partSize(sent, minimumBytes)), 0];
      }
      const copied = chunk.copy(data, filled, taken);
      filled += copied;
      taken += copied;
    }
  yield { number, data: data.subarray(0, filled), end: sent + filled, last: true };
}
