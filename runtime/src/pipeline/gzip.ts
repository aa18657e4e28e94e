import { pipeline } from 'node:stream';
import { promisify } from 'node:util';
import { createGunzip, gzip as gzipCallback, type ZlibOptions } from 'node:zlib';
import type { RunContext } from '../core/context.ts';
import { canIgzip, igzip } from './igzip.ts';

const gzipBuffer = promisify<Buffer, ZlibOptions, Buffer>(gzipCallback);

/** Input of one gzip member. @default 1 MiB - larger gains < 0.1 % in size, smaller costs time per member */
const memberBytes = 1 << 20;

/** Members compressed at once in libuv's pool of four threads. @default 4 */
const membersInFlight = 4;

async function* collect(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of source) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes < memberBytes) continue;
    yield chunks.length === 1 ? chunk : Buffer.concat(chunks, bytes);
    [chunks, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(chunks, bytes);
}

/** Compresses as a sequence of gzip members, which together are one gzip file (RFC 1952, 2.2), several at a time. */
async function* gzipMembers(source: AsyncIterable<Buffer>, level: number): AsyncGenerator<Buffer> {
  const inFlight: Promise<Buffer>[] = [];
  try {
    for await (const member of collect(source)) {
      inFlight.push(gzipBuffer(member, { level, memLevel: 9, chunkSize: memberBytes }));
      const oldest = inFlight.length >= membersInFlight ? inFlight.shift() : undefined;
      if (oldest) yield await oldest;
    }
    for (let next = inFlight.shift(); next; next = inFlight.shift()) yield await next;
  } finally {
    await Promise.allSettled(inFlight);
  }
}

/** Compresses to a gzip file: through igzip where it is installed and good at the level, else by zlib. */
export const gzip = (
  context: RunContext,
  source: AsyncIterable<Buffer>,
  level: number,
): AsyncIterable<Buffer> => (canIgzip(level) ? igzip(context, source, level) : gzipMembers(source, level));

/** Decompresses one or more gzip members. Fails if the last is cut short. */
export const gunzip = (source: AsyncIterable<Buffer>): AsyncIterable<Buffer> =>
  pipeline(source, createGunzip({ chunkSize: 1 << 18 }), () => {}); // errors surface through the iterator
