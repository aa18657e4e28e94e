import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { compressionNames } from '../contract/compression.ts';
import { BackupError, messageOf } from '../core/errors.ts';
import { equalDigests, findKey, type Key, type KeyRing } from '../crypto/key-ring.ts';
import { tiers } from './layout.ts';

const hex = z.string().regex(/^([0-9a-f]{2})+$/);
const count = z.int().min(0);
const time = z.iso.datetime();

const sealSchema = z.strictObject({
  bytes: count,
  sha256: hex,
  segmentBytes: z
    .int()
    .min(4096)
    .max(64 << 20),
  segments: z.array(hex).min(1).readonly(),
});

const encryptionSchema = z.strictObject({
  /** Key of the plan that sealed the archive. */
  keyId: z.string().min(1),
  cipher: z.literal('aes-256-cbc'),
  kdf: z.literal('pbkdf2-hmac-sha256'),
  iterations: z.literal(100_000),
  /** Salt of the cipher key; the archive carries it too. */
  salt: hex.length(16),
  /** Salt of the keys that authenticate archive and manifest. */
  macSalt: hex.length(32),
  keyCheck: hex,
});

const verificationSchema = z.strictObject({
  at: time,
  level: z.enum(['deep', 'drill']),
  ok: z.boolean(),
  /** Of a drill: how long the restore took. */
  seconds: z.number().min(0).optional(),
  /** Code of the failure. */
  problem: z.string().optional(),
});

/** `<archive>.manifest.json`, the last file that a backup writes. FORMAT.md describes each field. */
export const manifestSchema = z.strictObject({
  format: z.literal(1),
  id: hex.length(32),
  environment: z.string(),
  target: z.string(),
  engine: z.string(),
  archive: z.string(),
  tier: z.enum(tiers),
  program: z.string(),
  server: z.strictObject({
    product: z.string(),
    version: z.string(),
    tools: z.record(z.string(), z.string()),
  }),
  startedAt: time,
  finishedAt: time,
  sourceBytes: count,
  archiveBytes: count,
  compression: z.strictObject({ algorithm: z.enum(compressionNames), level: z.int() }),
  encryption: encryptionSchema.nullable(),
  seal: sealSchema,
  entries: z.array(z.strictObject({ name: z.string(), bytes: count })),
  fingerprint: z.record(z.string(), z.record(z.string(), z.union([z.number(), z.string()]))),
  verifications: z.array(verificationSchema),
});

export type Manifest = z.output<typeof manifestSchema>;
export type Verification = z.output<typeof verificationSchema>;

const signedSchema = z.strictObject({ ...manifestSchema.shape, mac: hex });

/** JSON with sorted keys and no spaces: the bytes that the MAC covers. */
export const canonical = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const fields = Object.entries(value)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`);
  return `{${fields.join(',')}}`;
};

const label = 'grill-backup manifest\0';

/** The key of the ring that made an archive; undefined for one in the clear. @throws BackupError `key.wrong` */
export const keyFor = async (
  { archive, encryption }: Manifest,
  keys: KeyRing | undefined,
): Promise<Key | undefined> => {
  if (!encryption) return undefined;
  if (!keys) throw new BackupError('key.wrong', `archive ${archive} is encrypted, and no key is at hand`);
  const { keyId, macSalt, keyCheck } = encryption;
  const key = await findKey(keys, keyId, Buffer.from(macSalt, 'hex'), keyCheck);
  if (key) return key;
  const known = keys.map(({ id }) => id);
  throw new BackupError(
    'key.wrong',
    known.includes(keyId)
      ? `archive ${archive} was made with another passphrase than key ${keyId} has now`
      : `archive ${archive} was made with key ${keyId}, and only ${known.join(', ')} is at hand`,
  );
};

const macOf = async (manifest: Manifest, keys: KeyRing | undefined): Promise<string> => {
  const key = await keyFor(manifest, keys);
  if (!key) return createHash('sha256').update(label).update(canonical(manifest)).digest('hex');
  const { macKey } = await key.macKeys(Buffer.from(manifest.encryption!.macSalt, 'hex'));
  return createHmac('sha256', macKey).update(label).update(canonical(manifest)).digest('hex');
};

/** Text of a manifest file, authenticated under the archive's own key. */
export const encodeManifest = async (manifest: Manifest, keys: KeyRing | undefined): Promise<string> =>
  `${JSON.stringify({ ...manifest, mac: await macOf(manifest, keys) }, null, 1)}\n`;

export interface SignedManifest {
  readonly manifest: Manifest;
  readonly mac: string;
}

/** Reads a manifest without believing it. @throws BackupError `manifest.damaged` */
export const decodeManifest = (text: string, key: string): SignedManifest => {
  try {
    const { mac, ...manifest } = signedSchema.parse(JSON.parse(text));
    return { manifest, mac };
  } catch (error) {
    const reason = error instanceof z.ZodError ? z.prettifyError(error).split('\n', 1)[0] : messageOf(error);
    throw new BackupError('manifest.damaged', `manifest ${key} cannot be read: ${reason}`);
  }
};

/**
 * Believes a manifest, or throws: right key, right MAC, and written for this very file.
 * @throws BackupError `key.wrong`, `manifest.damaged`, `archive.swapped`, `archive.damaged`
 */
export const authenticateManifest = async (
  signed: SignedManifest,
  archive: string,
  keys: KeyRing | undefined,
): Promise<Manifest> => {
  const { manifest, mac } = signed;
  if (keys && !manifest.encryption)
    throw new BackupError(
      'archive.damaged',
      `archive ${manifest.archive} is not encrypted, but the plan demands encryption`,
    );
  if (!equalDigests(await macOf(manifest, keys), mac))
    throw new BackupError('manifest.damaged', `manifest of ${archive} was altered`);
  if (manifest.archive !== archive)
    throw new BackupError('archive.swapped', `the manifest beside ${archive} belongs to ${manifest.archive}`);
  return manifest;
};
