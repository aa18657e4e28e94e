/**
 * A stream of unknown length must fit into 10,000 parts, and an object may have 5 TiB (S3 "Multipart upload limits"). A part is at least 1/1380 of what was sent before it: sizes
 * stay at the minimum for the first 1,380 parts (10.8 GiB at 8 MiB) and reach 5 TiB before the parts run out.
 */
const growth = 1380;

export const partSize = (sentBytes: number, minimumBytes: number): number =>
  Math.max(minimumBytes, Math.ceil(sentBytes / growth));

export interface Part {
  /** From 1. */
  readonly number: number;
  readonly data: Buffer;
  /** Bytes of the stream up to the end of this part. */
  readonly end: number;
  readonly last: boolean;
}

/** Cuts a stream into parts; each chunk is copied once. There is at least one part, empty for an empty stream. */
export async function* partsOf(chunks: AsyncIterable<Buffer>, minimumBytes: number): AsyncGenerator<Part> {
  let [number, sent, filled] = [1, 0, 0];
  let data = Buffer.allocUnsafeSlow(minimumBytes);
  for await (const chunk of chunks)
    for (let taken = 0; taken < chunk.length;) {
      if (filled === data.length) {
        sent += filled;
        yield { number: number++, data, end: sent, last: false };
        [data, filled] = [Buffer.allocUnsafeSlow(partSize(sent, minimumBytes)), 0];
      }
      const copied = chunk.copy(data, filled, taken);
      filled += copied;
      taken += copied;
    }
  yield { number, data: data.subarray(0, filled), end: sent + filled, last: true };
}
