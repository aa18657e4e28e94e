import { createDecipheriv } from 'node:crypto';
import { BackupError } from '../core/errors.ts';
import type { ArchiveKeys } from './archive-keys.ts';
import { equalDigests } from './key-ring.ts';
import { magic } from './seal.ts';
import { cutSegments, endSegment, startSegment, type Seal } from './segments.ts';

const headerBytes = 16;

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
  let index = 0;
  let seen = 0;
  for await (const { chunks, last } of cutSegments(source, seal.segmentBytes)) {
    const digest = startSegment(key?.macKey, archiveId, index);
    for (const chunk of chunks) {
      digest.update(chunk);
      seen += chunk.length;
    }
    const found = endSegment(digest, last);
    const cutShort = last && seen !== seal.bytes;
    if (cutShort || !equalDigests(found, seal.segments[index] ?? ''))
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

async function* decrypt(source: AsyncIterable<Buffer>, key: ArchiveKeys): AsyncGenerator<Buffer> {
  const decipher = createDecipheriv('aes-256-cbc', key.cipher.key, key.cipher.iv);
  let header = headerBytes;
  for await (const chunk of source) {
    const skipped = Math.min(header, chunk.length);
    header -= skipped;
    const plain = decipher.update(chunk.subarray(skipped));
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
