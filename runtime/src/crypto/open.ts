import { createDecipheriv } from 'node:crypto';
import { BackupError } from '../core/errors.ts';
import type { ArchiveKeys } from './archive-keys.ts';
import { equalDigests } from './key-ring.ts';
import { headerBytes, magic } from './seal.ts';
import { cutSegments, endSegment, startSegment, type Seal } from './segments.ts';

/** Another archive's salt differs in most bytes; a damaged one in few. Decides the message only, never the outcome. */
const isForeign = (head: Buffer, salt: Buffer): boolean => {
  const found = head.subarray(magic.length, headerBytes);
  return (
    head.length >= headerBytes &&
    [...salt].filter((byte, index) => byte !== found[index]).length > salt.length / 2
  );
};

const failure = (
  seal: Seal,
  seen: number,
  index: number,
  head: Buffer,
  key: ArchiveKeys | undefined,
): BackupError => {
  if (key && index === 0 && isForeign(head, key.salt))
    return new BackupError('archive.swapped', 'the manifest belongs to another archive');
  if (seen < seal.bytes)
    return new BackupError('archive.truncated', `archive ends after ${seen} of ${seal.bytes} bytes`);
  return new BackupError(
    'archive.damaged',
    `archive was altered between byte ${index * seal.segmentBytes} and ${seen}`,
  );
};

/** Yields each segment's bytes only after its digest held. */
async function* authenticate(
  source: AsyncIterable<Buffer>,
  archiveId: string,
  seal: Seal,
  key: ArchiveKeys | undefined,
): AsyncGenerator<Buffer> {
  const { bytes, segmentBytes, segments } = seal;
  if (segments.length !== Math.max(1, Math.ceil(bytes / segmentBytes)))
    throw new BackupError(
      'archive.damaged',
      `the manifest contradicts itself: ${bytes} bytes in ${segments.length} segments`,
    );
  let index = 0;
  let seen = 0;
  for await (const { chunks, last } of cutSegments(source, segmentBytes)) {
    const digest = startSegment(key?.macKey, archiveId, index);
    for (const chunk of chunks) {
      digest.update(chunk);
      seen += chunk.length;
    }
    const found = endSegment(digest, last);
    const cutShort = last && seen !== bytes;
    if (cutShort || !equalDigests(found, segments[index] ?? ''))
      throw failure(
        seal,
        last ? seen : seal.bytes,
        index,
        Buffer.concat(chunks).subarray(0, headerBytes),
        key,
      );
    yield* chunks;
    index++;
  }
}

/** Takes off what `openssl enc` writes before the ciphertext, which has to be the salt of the manifest. */
async function* withoutHeader(source: AsyncIterable<Buffer>, salt: Buffer): AsyncGenerator<Buffer> {
  let header: Buffer = Buffer.alloc(0);
  for await (const chunk of source) {
    const missing = headerBytes - header.length;
    if (missing > 0) {
      header = Buffer.concat([header, chunk.subarray(0, missing)]);
      if (header.length === headerBytes && !header.equals(Buffer.concat([magic, salt])))
        throw new BackupError('archive.damaged', 'archive does not begin with the salt of its manifest');
    }
    yield chunk.subarray(missing);
  }
}

async function* decrypt(source: AsyncIterable<Buffer>, key: ArchiveKeys): AsyncGenerator<Buffer> {
  const decipher = createDecipheriv('aes-256-cbc', key.cipher.key, key.cipher.iv);
  for await (const chunk of withoutHeader(source, key.salt)) {
    const plain = decipher.update(chunk);
    if (plain.length > 0) yield plain;
  }
  yield decipher.final();
}

/**
 * Bytes of an archive → plaintext. Releases nothing of a segment before its digest held.
 * @throws BackupError `archive.damaged`, `archive.truncated`, `archive.swapped`
 */
export const open = (
  source: AsyncIterable<Buffer>,
  archiveId: string,
  seal: Seal,
  key: ArchiveKeys | undefined,
): AsyncIterable<Buffer> => {
  const authentic = authenticate(source, archiveId, seal, key);
  return key ? decrypt(authentic, key) : authentic;
};
