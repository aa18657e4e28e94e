import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { equalDigests, findKey, type Key, type KeyRing } from './key-ring.ts';
import { canonical } from '../core/canonical-json.ts';

/** Fixed, so that all that a key signed costs one derivation; archives have other salts, so no key is used twice. */
export const signingSalt = Buffer.from('grill-backup audit');

/** Begins the derivation of the key, which is slow on purpose, so that a run's end does not wait for it. */
export const prepareSignatures = (keys: KeyRing | undefined): void =>
  void keys?.[0].macKeys(signingSalt).catch(() => {});

/** Published check of a key, which tells keys apart; undefined where there is none. */
export const checkOf = async (key: Key | undefined): Promise<string | undefined> =>
  key && (await key.macKeys(signingSalt)).keyCheck;

/** Published checks of all keys. */
export const checksOf = async (keys: KeyRing): Promise<ReadonlySet<string>> =>
  new Set((await Promise.all(keys.map(checkOf))).filter((check) => check !== undefined));

/** What a signed object says besides its content. */
export const signatureShape = {
  key: z
    .strictObject({
      id: z.string().describe('id of the key in the plan'),
      check: z
        .string()
        .regex(/^[0-9a-f]+$/)
        .describe('tells whether a passphrase is the right one'),
    })
    .optional()
    .describe('key that signed; absent without encryption'),
  mac: z
    .string()
    .regex(/^[0-9a-f]{64}$/)
    .describe('signature'),
};

export type Signed = z.output<z.ZodObject<typeof signatureShape>>;

const macOf = async (label: string, content: object, key: Key | undefined): Promise<string> => {
  const text = canonical(content);
  if (!key) return createHash('sha256').update(label).update(text).digest('hex');
  const { macKey } = await key.macKeys(signingSalt);
  return createHmac('sha256', macKey).update(label).update(text).digest('hex');
};

/** Content with its signature; in the clear a plain digest. @param label tells kinds of objects apart; ends in `\0` */
export const sign = async <T extends object>(
  label: string,
  content: T,
  key: Key | undefined,
): Promise<T & Signed> => {
  const named = key && { key: { id: key.id, check: (await key.macKeys(signingSalt)).keyCheck } };
  const full = { ...content, ...named };
  return { ...full, mac: await macOf(label, full, key) };
};

/** `proved`: under a key at hand. `unproved`: in the clear, or under a key that is gone. */
export const proofs = ['proved', 'unproved', 'altered'] as const;

export type Proof = (typeof proofs)[number];

export const proofOf = async (
  label: string,
  { mac, ...content }: Signed,
  keys: KeyRing | undefined,
): Promise<Proof> => {
  const { key: named } = content;
  const key = named && keys && (await findKey(keys, named.id, signingSalt, named.check));
  if (named && !key) return 'unproved';
  if (!equalDigests(mac, await macOf(label, content, key))) return 'altered';
  return key ? 'proved' : 'unproved';
};
