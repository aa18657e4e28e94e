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

const paramsOf = (level: number) => ({
  [constants.ZSTD_c_compressionLevel]: level,
  [constants.ZSTD_c_checksumFlag]: 1,
});

/** Compresses to one zstd frame with a checksum (RFC 8878). `nbWorkers` crashes in Node 24, so it is one thread. */
export const zstd = (source: AsyncIterable<Buffer>, level: number): AsyncIterable<Buffer> => {
  const engine = createZstdCompress({ chunkSize, params: paramsOf(level) });
  return oneFrame(pipeline(source, engine, () => {})); // errors surface through the iterator
};

/** More than a frame of so many bytes may have: zstd's ZSTD_compressBound, and room, so that no buffer is filled exactly. */
const mostBytesOf = (plainBytes: number): number => plainBytes + (plainBytes >> 8) + 1024;

/**
 * As `zstd`, of what is in memory. zstd gets all of it together with its end, and a buffer that holds the result in any case: then
 * it copies nothing and keeps no window.
 */
export const zstdWhole = (plain: Buffer, level: number): AsyncIterable<Buffer> => {
  const engine = createZstdCompress({
    chunkSize: mostBytesOf(plain.length),
    flush: constants.ZSTD_e_end,
    params: paramsOf(level),
  });
  engine.end(plain);
  return oneFrame(engine as AsyncIterable<Buffer>);
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
