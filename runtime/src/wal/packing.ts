import { promisify } from 'node:util';
import { gzip as gzipCallback, type ZlibOptions } from 'node:zlib';
import type { Compression } from '../contract/compression.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { collect } from '../core/process.ts';
import { decompress } from '../pipeline/compress.ts';
import { zstd } from '../pipeline/zstd.ts';
import { withoutLead } from './lead.ts';

const gzip = promisify<Buffer, ZlibOptions, Buffer>(gzipCallback);

/** Compresses what is in memory, in a thread of this process: a program per piece would cost more than its work. */
export const packWhole = (
  plain: Buffer,
  { algorithm, level }: { readonly algorithm: Compression; readonly level: number },
): Promise<Buffer> => (algorithm === 'zstd' ? collect(zstd(oneChunk(plain), level)) : gzip(plain, { level }));

/** Undoes `packWhole`; undefined where the result has another length, of which no byte more is made. */
export const unpackWhole = async (
  packed: Buffer,
  algorithm: Compression,
  length: number,
): Promise<Buffer | undefined> => {
  const plain = Buffer.allocUnsafe(length);
  let filled = 0;
  for await (const chunk of decompress(oneChunk(withoutLead(packed, algorithm)), algorithm)) {
    if (filled + chunk.length > length) return undefined;
    filled += chunk.copy(plain, filled);
  }
  return filled === length ? plain : undefined;
};
