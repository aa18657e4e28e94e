import { createCipheriv } from 'node:crypto';
import type { ArchiveKeys } from './archive-keys.ts';
import { openSealer, type Seal } from './segments.ts';

/** `openssl enc` writes this before the eight bytes of salt. */
export const magic = Buffer.from('Salted__');

/** Both together. */
export const headerBytes = 16;

/** Plaintext → `openssl enc -aes-256-cbc -pbkdf2` format. */
async function* encrypt(plain: AsyncIterable<Buffer>, key: ArchiveKeys): AsyncGenerator<Buffer> {
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

/** Encrypts (where there is a key) and takes all digests in the same pass; holds back no byte. */
export const startSealing = (
  plain: AsyncIterable<Buffer>,
  archiveId: string,
  key: ArchiveKeys | undefined,
): Sealing => {
  const sealer = openSealer(archiveId, key?.macKey);
  let seal: Seal | undefined;
  async function* bytes(): AsyncGenerator<Buffer> {
    for await (const chunk of key ? encrypt(plain, key) : plain) {
      sealer.update(chunk);
      yield chunk;
    }
    seal = sealer.end();
  }
  return {
    bytes: bytes(),
    seal: () => {
      if (!seal) throw new Error('the archive was not read to its end');
      return seal;
    },
  };
};
