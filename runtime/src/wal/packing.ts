import { promisify } from 'node:util';
import { gzip as gzipCallback, type ZlibOptions } from 'node:zlib';
import type { Compression } from '../contract/compression.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { decompress } from '../pipeline/compress.ts';
import { withoutLead } from '../pipeline/lead.ts';
import { zstdWhole } from '../pipeline/zstd.ts';

const gzip = promisify<Buffer, ZlibOptions, Buffer>(gzipCallback);

/** A call into the thread for each. @default 1 MiB - an eighth less CPU time than Node's 16 KiB */
const gzipChunkBytes = 1 << 20;

/** Compresses what is in memory, to one file in parts, in a thread of this process: a program per piece would cost more than its work. */
export const packWhole = async (
  plain: Buffer,
  { algorithm, level }: { readonly algorithm: Compression; readonly level: number },
): Promise<readonly Buffer[]> =>
  algorithm === 'zstd'
    ? Array.fromAsync(zstdWhole(plain, level))
    : [await gzip(plain, { level, chunkSize: gzipChunkBytes })];

/** Undoes `packWhole`; undefined where the result has another length, of which no byte more is made. */
export const unpackWhole = async (
  packed: Buffer,
  algorithm: Compression,
  length: number,
): Promise<Buffer | undefined> => {
  const plain = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const chunk of decompress(withoutLead(oneChunk(packed), algorithm), algorithm)) {
    if (filled + chunk.length > length) return undefined;
    filled += chunk.copy(plain, filled);
  }
  return filled === length ? plain : undefined;
};
