import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { BackupError } from '../core/errors.ts';
import { macSalt } from './archive-keys.ts';
import type { Key, KeyRing, MacKeys } from './key-ring.ts';
import { signingSalt } from './signature.ts';

const hex = z.string().regex(/^[0-9a-f]{64}$/);

const fileSchema = z.strictObject({
  format: z.literal(1),
  keys: z
    .array(
      z.strictObject({
        id: z.string(),
        /** Salt in hex → what the passphrase derives from it. */
        derived: z.record(z.string(), z.strictObject({ macKey: hex, keyCheck: hex })),
      }),
    )
    .min(1),
});

/** Salts of all that this version authenticates: manifests; records of runs, the audit trail and indexes. */
const salts = [Buffer.from(macSalt, 'hex'), signingSalt];

const derivedOf = async (key: Key) =>
  Object.fromEntries(
    await Promise.all(
      salts.map(async (salt) => {
        const { macKey, keyCheck } = await key.macKeys(salt);
        return [salt.toString('hex'), { macKey: macKey.toString('hex'), keyCheck }] as const;
      }),
    ),
  );

/**
 * What proves manifests, records and the audit trail, and decrypts no archive: docs/explanation/decisions/10-console-key.md.
 * No secret of the archives, yet whoever has it and can write to a store can sign.
 */
export const verificationKeysOf = async (keys: KeyRing): Promise<string> => {
  const all = await Promise.all(keys.map(async (key) => ({ id: key.id, derived: await derivedOf(key) })));
  return `${JSON.stringify({ format: 1, keys: all } satisfies z.input<typeof fileSchema>)}\n`;
};

/** Keys that match nothing: an archive of an earlier version has a salt of its own, which only the passphrase derives from. */
const unknown = (): MacKeys => ({ macKey: randomBytes(32), keyCheck: randomBytes(32).toString('hex') });

const keyOf = ({ id, derived }: z.output<typeof fileSchema>['keys'][number]): Key => {
  const known = new Map(
    Object.entries(derived).map(([salt, { macKey, keyCheck }]) => [
      salt,
      { macKey: Buffer.from(macKey, 'hex'), keyCheck },
    ]),
  );
  return {
    id,
    cipherKey: () =>
      Promise.reject(new BackupError('key.wrong', `verification key ${id} proves archives and opens none`)),
    macKeys: (salt) => Promise.resolve(known.get(salt.toString('hex')) ?? unknown()),
  };
};

/** @throws BackupError `secret.invalid` */
export const openVerificationKeys = (text: string): KeyRing => {
  try {
    const [first, ...others] = fileSchema.parse(JSON.parse(text)).keys.map(keyOf);
    if (first) return [first, ...others];
  } catch {
    // what it holds is secret, so the error says no more
  }
  throw new BackupError(
    'secret.invalid',
    'the file with the verification keys is not one that verification-keys wrote',
  );
};
