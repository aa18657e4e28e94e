import { createCipheriv, createHash } from 'node:crypto';
import type { CipherKey } from './key-ring.ts';
import { cutSegments, endSegment, segmentBytes, startSegment, type Seal } from './segments.ts';

/** `openssl enc` writes this before the eight bytes of salt. */
export const magic = Buffer.from('Salted__');

export interface SealKey {
  readonly salt: Buffer;
  readonly cipher: CipherKey;
  readonly macKey: Buffer;
}

/** Plaintext → `openssl enc -aes-256-cbc -pbkdf2` format. */
async function* encrypt(plain: AsyncIterable<Buffer>, key: SealKey): AsyncGenerator<Buffer> {
  const cipher = createCipheriv('aes-256-cbc', key.cipher.key, key.cipher.iv);
  yield Buffer.concat([magic, key.salt]);
  for await (const chunk of plain) yield cipher.update(chunk);
  yield cipher.final();
}

/** A stream being sealed: read `bytes` to the end, then `seal()`. */
export interface Sealing {
  readonly bytes: AsyncIterable<Buffer>;
  readonly seal: () => Seal;
}

/** Encrypts (where there is a key) and takes all digests in the same pass over the bytes. */
export const startSealing = (
  plain: AsyncIterable<Buffer>,
  archiveId: string,
  key: SealKey | undefined,
): Sealing => {
  const whole = createHash('sha256');
  const segments: string[] = [];
  let seal: Seal | undefined;
  async function* bytes(): AsyncGenerator<Buffer> {
    let total = 0;
    for await (const { chunks, last } of cutSegments(key ? encrypt(plain, key) : plain, segmentBytes)) {
      const digest = startSegment(key?.macKey, archiveId, segments.length);
      for (const chunk of chunks) {
        whole.update(chunk);
        digest.update(chunk);
        total += chunk.length;
        yield chunk;
      }
      segments.push(endSegment(digest, last));
    }
    seal = { bytes: total, sha256: whole.digest('hex'), segmentBytes, segments };
  }
  return {
    bytes: bytes(),
    seal: () => {
      if (!seal) throw new Error('the archive was not read to its end');
      return seal;
    },
  };
};
