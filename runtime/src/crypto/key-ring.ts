import { createHmac, pbkdf2, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { passphraseProblem } from '../contract/passphrase.ts';
import { BackupError } from '../core/errors.ts';
import { putNewest } from '../core/newest.ts';

const derive = promisify(pbkdf2);

/** PBKDF2-HMAC-SHA256 rounds, as `openssl enc -pbkdf2 -iter 100000`; the seed's figure. */
export const iterations = 100_000;

/** Shortest passphrase: 20 random characters of base64 are 120 bits. */
const minimumLength = 20;

const placeholder = /change.?me|placeholder|example|your.?(key|pass)|^(.)\2*$/i;

/** Keys of one archive that authenticate it. */
export interface MacKeys {
  readonly macKey: Buffer;
  /** Published in the manifest: tells a wrong passphrase from a damaged archive. Hex. */
  readonly keyCheck: string;
}

/** Cipher key and initialization vector, as `openssl enc` derives them from passphrase and salt. */
export interface CipherKey {
  readonly key: Buffer;
  readonly iv: Buffer;
}

/** A passphrase and what is derived from it. */
export interface Key {
  /** Name that manifests carry; no secret. */
  readonly id: string;
  readonly cipherKey: (salt: Buffer) => Promise<CipherKey>;
  readonly macKeys: (salt: Buffer) => Promise<MacKeys>;
}

/** The first key seals new archives; all of them open old ones. */
export type KeyRing = readonly [Key, ...(readonly Key[])];

const check = (id: string, passphrase: string): void => {
  if (passphrase.length < minimumLength)
    throw new BackupError(
      'secret.weak',
      `encryption key ${id} has ${passphrase.length} characters, at least ${minimumLength} are needed`,
    );
  if (placeholder.test(passphrase))
    throw new BackupError('secret.weak', `encryption key ${id} is a placeholder`);
};

const deriveMacKeys = async (passphrase: string, salt: Buffer): Promise<MacKeys> => {
  const bytes = await derive(passphrase, salt, iterations, 64, 'sha256');
  const keyCheck = createHmac('sha256', bytes.subarray(32)).update('grill-backup key check').digest('hex');
  return { macKey: bytes.subarray(0, 32), keyCheck };
};

const deriveCipherKey = async (passphrase: string, salt: Buffer): Promise<CipherKey> => {
  const bytes = await derive(passphrase, salt, iterations, 48, 'sha256');
  return { key: bytes.subarray(0, 32), iv: bytes.subarray(32) };
};

/** Far more than are in use at once; a receiver of a log derives one every few seconds, for months. */
const mostKnown = 4096;

/** Derivation is slow on purpose, and archives share salts: the tiers of one backup, and an archive read again. */
const once = <T>(compute: (salt: Buffer) => Promise<T>): ((salt: Buffer) => Promise<T>) => {
  const known = new Map<string, Promise<T>>();
  return (salt) => {
    const name = salt.toString('hex');
    const value = known.get(name) ?? compute(salt);
    putNewest(known, name, value, mostKnown);
    return value;
  };
};

/** Opens a key, whatever text it is: archives may have been made with it. @throws BackupError `secret.weak` for a short passphrase or a placeholder */
export const openKey = (id: string, secret: string): Key => {
  const passphrase = secret.replace(/\r?\n?$/, ''); // openssl -pass file: reads one line
  check(id, passphrase);
  return {
    id,
    cipherKey: once((salt) => deriveCipherKey(passphrase, salt)),
    macKeys: once((salt) => deriveMacKeys(passphrase, salt)),
  };
};

/**
 * Opens the key that seals new archives.
 * @throws BackupError `secret.invalid` for a passphrase that offline recovery would read as another one
 */
export const openSealingKey = (id: string, secret: string): Key => {
  const problem = passphraseProblem(secret);
  if (problem) throw new BackupError('secret.invalid', `encryption key ${id} ${problem}`);
  return openKey(id, secret);
};

/** Compares two hex digests in constant time. */
export const equalDigests = (a: string, b: string): boolean => {
  const [left, right] = [Buffer.from(a, 'hex'), Buffer.from(b, 'hex')];
  return left.length === right.length && timingSafeEqual(left, right);
};

/** The key that made an archive, by its published check value; the one with the archive's key id is tried first. */
export const findKey = async (
  ring: KeyRing,
  id: string,
  macSalt: Buffer,
  keyCheck: string,
): Promise<Key | undefined> => {
  for (const key of ring.toSorted((a, b) => Number(b.id === id) - Number(a.id === id)))
    if (equalDigests((await key.macKeys(macSalt)).keyCheck, keyCheck)) return key;
  return undefined;
};
