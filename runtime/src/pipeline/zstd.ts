import { pipeline } from 'node:stream';
import { constants, createZstdCompress, createZstdDecompress } from 'node:zlib';

/** Bytes that pass between the stream and zlib's thread at once. @default 256 KiB */
const chunkSize = 1 << 18;

/**
 * Logarithm of the largest window that is read, 8 MiB: a hostile frame could ask for gigabytes. Levels 1 to 9 write
 * windows of at most 4 MiB (zstd's table of levels).
 */
const windowLogMax = 23;

/** A frame of nothing, with its checksum. */
const emptyFrame = Buffer.from('28b52ffd240001000099e9d851', 'hex');

/**
 * Node 24 adds an empty frame where the end comes together with data, or the data fills a buffer exactly; its own
 * decompressor may not read that again.
 */
async function* oneFrame(packed: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let begun = false;
  for await (const chunk of packed) {
    if (!begun || !chunk.equals(emptyFrame)) yield chunk;
    begun = true;
  }
}

/** Compresses to one zstd frame with a checksum (RFC 8878). `nbWorkers` crashes in Node 24, so it is one thread. */
export const zstd = (source: AsyncIterable<Buffer>, level: number): AsyncIterable<Buffer> => {
  const params = { [constants.ZSTD_c_compressionLevel]: level, [constants.ZSTD_c_checksumFlag]: 1 };
  return oneFrame(pipeline(source, createZstdCompress({ chunkSize, params }), () => {})); // errors surface through the iterator
};

/** Decompresses one zstd frame. Fails if it is cut short, differs from its checksum, or bytes follow it. */
export async function* unzstd(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  const params = { [constants.ZSTD_d_windowLogMax]: windowLogMax };
  const engine = createZstdDecompress({ chunkSize, params });
  let bytes = 0;
  async function* counted(): AsyncGenerator<Buffer> {
    for await (const chunk of source) {
      bytes += chunk.length;
      yield chunk;
    }
  }
  yield* pipeline(counted(), engine, () => {}) as AsyncIterable<Buffer>;
  // Node drops what follows a frame in the same chunk without a word
  if (engine.bytesWritten !== bytes) throw new Error(`${bytes - engine.bytesWritten} bytes follow the frame`);
}
