import type { Compression } from '../contract/compression.ts';

/** Random bytes of a lead: one block of AES. */
export const leadBytes = 16;

/** A skippable frame of zstd (RFC 8878): its head and zeros fill the first block of AES, random bytes are the second. */
const frameHead = Buffer.from('502a4d18180000000000000000000000', 'hex');

/** The field `gb` of a gzip header (RFC 1952): length of all fields, name, length of the field. */
const fieldHead = Buffer.from('140067621000', 'hex');
const gzipHeaderBytes = 10;
const gzipFlags = 3;
const hasFields = 4;

/**
 * Puts random bytes before compressed bytes, which every program of the compression skips. They are the second block of what is
 * encrypted, so that all blocks after them differ, even under a key and a first vector that were used before.
 */
export const withLead = (
  [first = Buffer.alloc(0), ...others]: readonly Buffer[],
  compression: Compression,
  random: Buffer,
): readonly Buffer[] => {
  if (compression === 'zstd') return [Buffer.concat([frameHead, random]), first, ...others];
  const header = Buffer.from(first.subarray(0, gzipHeaderBytes));
  header.writeUInt8(header.readUInt8(gzipFlags) | hasFields, gzipFlags);
  return [Buffer.concat([header, fieldHead, random]), first.subarray(gzipHeaderBytes), ...others];
};

/** As `withLead`, of what comes in a stream: a compressed file, which is never shorter than a header of gzip. */
export async function* leading(
  packed: AsyncIterable<Buffer>,
  compression: Compression,
  random: Buffer,
): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = Buffer.alloc(0);
  for await (const chunk of packed) {
    if (!head) yield chunk;
    else if (head.length + chunk.length < gzipHeaderBytes) head = Buffer.concat([head, chunk]);
    else {
      yield* withLead([Buffer.concat([head, chunk])], compression, random);
      head = undefined;
    }
  }
}

const zstdLeadBytes = frameHead.length + leadBytes;

/** Compressed bytes without a frame of zstd that is skipped, after which Node's decompressor would end; gzip's skips a field itself. */
export async function* withoutLead(
  packed: AsyncIterable<Buffer>,
  compression: Compression,
): AsyncGenerator<Buffer> {
  let head: Buffer | undefined = compression === 'zstd' ? Buffer.alloc(0) : undefined;
  const rest = (bytes: Buffer): Buffer =>
    bytes.subarray(bytes.subarray(0, frameHead.length).equals(frameHead) ? zstdLeadBytes : 0);
  for await (const chunk of packed) {
    if (!head) yield chunk;
    else if (head.length + chunk.length < zstdLeadBytes) head = Buffer.concat([head, chunk]);
    else {
      yield rest(Buffer.concat([head, chunk]));
      head = undefined;
    }
  }
  if (head) yield rest(head);
}
