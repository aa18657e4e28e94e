import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { canonical } from '../core/canonical-json.ts';
import { equalDigests, type Key, type KeyRing } from './key-ring.ts';
import { signingSalt } from './signature.ts';

const cipher = 'aes-256-gcm';
const [saltBytes, checkBytes, tagBytes] = [32, 32, 16];
const headBytes = saltBytes + checkBytes;

/** A key for one object alone, so that no nonce is used twice. */
const keyOf = (macKey: Buffer, salt: Buffer, label: string) => {
  const bytes = Buffer.from(hkdfSync('sha256', macKey, salt, label, 44));
  return { key: bytes.subarray(0, 32), nonce: bytes.subarray(32) };
};

/**
 * Encrypts and authenticates a small object as a whole: `salt[32] ‖ check[32] ‖ ciphertext ‖ tag[16]`.
 * @param label tells kinds of objects apart
 * @param place where the object belongs; it opens for no other place
 */
export const sealObject = async (
  label: string,
  place: object,
  content: Buffer,
  key: Key,
): Promise<Buffer> => {
  const { macKey, keyCheck } = await key.macKeys(signingSalt);
  const salt = randomBytes(saltBytes);
  const head = Buffer.concat([salt, Buffer.from(keyCheck, 'hex')]);
  const derived = keyOf(macKey, salt, label);
  const sealing = createCipheriv(cipher, derived.key, derived.nonce);
  sealing.setAAD(Buffer.concat([head, Buffer.from(canonical(place))]));
  return Buffer.concat([head, sealing.update(content), sealing.final(), sealing.getAuthTag()]);
};

const keyWith = async (keys: KeyRing, check: string): Promise<Key | undefined> => {
  for (const key of keys) if (equalDigests((await key.macKeys(signingSalt)).keyCheck, check)) return key;
  return undefined;
};

/** What was sealed for this place by one of the keys; undefined for anything else. */
export const openObject = async (
  label: string,
  place: object,
  sealed: Buffer,
  keys: KeyRing,
): Promise<Buffer | undefined> => {
  if (sealed.length < headBytes + tagBytes) return undefined;
  const [head, end] = [sealed.subarray(0, headBytes), sealed.length - tagBytes];
  const key = await keyWith(keys, head.toString('hex', saltBytes));
  if (!key) return undefined;
  const { macKey } = await key.macKeys(signingSalt);
  const derived = keyOf(macKey, head.subarray(0, saltBytes), label);
  const opening = createDecipheriv(cipher, derived.key, derived.nonce, { authTagLength: tagBytes });
  opening.setAAD(Buffer.concat([head, Buffer.from(canonical(place))]));
  opening.setAuthTag(sealed.subarray(end));
  const content = opening.update(sealed.subarray(headBytes, end));
  try {
    opening.final();
    return content;
  } catch {
    return undefined;
  }
};
