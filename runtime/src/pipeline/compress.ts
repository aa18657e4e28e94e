import type { Compression } from '../contract/compression.ts';
import type { RunContext } from '../core/context.ts';
import { gunzip, gzip } from './gzip.ts';
import { unzstd, zstd } from './zstd.ts';

/** Compresses a tar file the way a plan says. */
export const compress = (
  context: RunContext,
  source: AsyncIterable<Buffer>,
  { algorithm, level }: { readonly algorithm: Compression; readonly level: number },
): AsyncIterable<Buffer> => (algorithm === 'zstd' ? zstd(source, level) : gzip(context, source, level));

/** Undoes `compress`. Fails unless the compressed file is whole. */
export const decompress = (source: AsyncIterable<Buffer>, algorithm: Compression): AsyncIterable<Buffer> =>
  algorithm === 'zstd' ? unzstd(source) : gunzip(source);
