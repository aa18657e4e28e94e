import { createHash } from 'node:crypto';
import { iterations, type CipherKey, type Key } from './key-ring.ts';

/** What seals and opens one archive. */
export interface ArchiveKeys {
  readonly salt: Buffer;
  readonly cipher: CipherKey;
  readonly macKey: Buffer;
}

/** What a manifest publishes of them; salts in hex. */
export interface KeyParameters {
  readonly keyId: string;
  readonly cipher: 'aes-256-cbc';
  readonly kdf: 'pbkdf2-hmac-sha256';
  readonly iterations: typeof iterations;
  readonly salt: string;
  readonly macSalt: string;
  readonly keyCheck: string;
}

/** Keys of an archive that exists, from the salts in its manifest. */
export const archiveKeysOf = async (
  key: Key,
  { salt, macSalt }: Pick<KeyParameters, 'salt' | 'macSalt'>,
): Promise<ArchiveKeys> => {
  const bytes = Buffer.from(salt, 'hex');
  const [cipher, { macKey }] = await Promise.all([
    key.cipherKey(bytes),
    key.macKeys(Buffer.from(macSalt, 'hex')),
  ]);
  return { salt: bytes, cipher, macKey };
};

/**
 * Salt of the keys that authenticate: one for all archives, so that a catalogue of thousands costs one derivation, which
 * is slow on purpose, and every decision can afford to read only what is authentic. Each MAC is bound to its archive by
 * the id. Archives of earlier versions have random ones.
 */
export const macSalt = createHash('sha256').update('grill-backup manifests').digest('hex').slice(0, 32);

/** Keys of a new archive, encrypted under a salt of its own. */
export const newArchiveKeys = async (
  key: Key,
  randomBytes: (length: number) => Buffer,
): Promise<{ readonly keys: ArchiveKeys; readonly parameters: KeyParameters }> => {
  const salt = randomBytes(8).toString('hex');
  const keys = await archiveKeysOf(key, { salt, macSalt });
  const { keyCheck } = await key.macKeys(Buffer.from(macSalt, 'hex'));
  const parameters = { keyId: key.id, cipher: 'aes-256-cbc', kdf: 'pbkdf2-hmac-sha256', iterations } as const;
  return { keys, parameters: { ...parameters, salt, macSalt, keyCheck } };
};
