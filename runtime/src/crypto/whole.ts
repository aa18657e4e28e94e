import { createCipheriv, createDecipheriv, createHash, createHmac } from 'node:crypto';
import { equalDigests, type CipherKey, type Key, type KeyRing } from './key-ring.ts';
import { headerBytes, magic } from './seal.ts';

/** Fixed, so that all that a key authenticates so costs one derivation; archives and signatures have other salts. */
const macSalt = Buffer.from('grill-backup whole object');

/** Salt and key of one object's cipher. */
export interface ObjectCipher extends CipherKey {
  readonly salt: Buffer;
}

/** A key for one object more; slow on purpose, so that who seals many derives ahead. */
export const newCipher = async (key: Key, randomBytes: (length: number) => Buffer): Promise<ObjectCipher> => {
  const salt = randomBytes(8);
  return { salt, ...(await key.cipherKey(salt)) };
};

/** Objects of at most 16 MiB under one key and vector: far from what wears a key out. */
const objectsOfCipher = 256;

/**
 * Ciphers for many objects, derived ahead. Many share one, as a derivation costs as much as to compress and encrypt several MiB: then
 * what is sealed must begin with a block that says nothing and a random one, as first blocks that are alike are sealed alike.
 */
export const cipherSource = (
  key: Key,
  randomBytes: (length: number) => Buffer,
): (() => Promise<ObjectCipher>) => {
  const derive = (): Promise<ObjectCipher> => {
    const cipher = newCipher(key, randomBytes);
    cipher.catch(() => {}); // fails the object that takes it
    return cipher;
  };
  let [current, next, used] = [derive(), undefined as Promise<ObjectCipher> | undefined, 0];
  return () => {
    if (used === objectsOfCipher / 2) next = derive();
    if (used === objectsOfCipher) [current, used] = [next ?? derive(), 0];
    used++;
    return current;
  };
};

/**
 * MAC of an object that is sealed, and read, whole: HMAC-SHA256 over a label, which tells what the object is and where it
 * belongs, and its bytes. In the clear a plain SHA-256, which proves integrity only.
 */
const macOf = async (key: Key | undefined, label: string, ...parts: readonly Buffer[]): Promise<string> => {
  const digest = key ? createHmac('sha256', (await key.macKeys(macSalt)).macKey) : createHash('sha256');
  digest.update(label).update('\0');
  for (const part of parts) digest.update(part);
  return digest.digest('hex');
};

/** Plaintext → `openssl enc -aes-256-cbc -pbkdf2` and its MAC; in the clear the same bytes and their digest. All in parts. */
export const sealWhole = async (
  plain: readonly Buffer[],
  label: string,
  key: Key | undefined,
  cipher: ObjectCipher | undefined,
): Promise<{ readonly parts: readonly Buffer[]; readonly mac: string }> => {
  const sealer = cipher && createCipheriv('aes-256-cbc', cipher.key, cipher.iv);
  const parts =
    cipher && sealer
      ? [Buffer.concat([magic, cipher.salt]), ...plain.map((part) => sealer.update(part)), sealer.final()]
      : plain;
  return { parts, mac: await macOf(key, label, ...parts) };
};

/** The key that made the MAC; undefined where none did. */
const keyOf = async (keys: KeyRing, label: string, bytes: Buffer, mac: string): Promise<Key | undefined> => {
  for (const key of keys) if (equalDigests(mac, await macOf(key, label, bytes))) return key;
  return undefined;
};

const decrypt = async (key: Key, bytes: Buffer): Promise<Buffer> => {
  const cipher = await key.cipherKey(bytes.subarray(magic.length, headerBytes));
  const opener = createDecipheriv('aes-256-cbc', cipher.key, cipher.iv);
  return Buffer.concat([opener.update(bytes.subarray(headerBytes)), opener.final()]);
};

/** An object whose MAC held. */
export interface OpenedWhole {
  /** That made it; undefined in the clear. */
  readonly key: Key | undefined;
  readonly plain: Buffer;
}

/** Opens an object after its MAC held under a key of the ring; undefined where it holds under none. */
export const openWhole = async (
  bytes: Buffer,
  label: string,
  mac: string,
  keys: KeyRing | undefined,
): Promise<OpenedWhole | undefined> => {
  if (!keys)
    return equalDigests(mac, await macOf(undefined, label, bytes))
      ? { key: undefined, plain: bytes }
      : undefined;
  const key = await keyOf(keys, label, bytes, mac);
  return key && { key, plain: await decrypt(key, bytes) };
};
