import { canonical } from '../core/canonical-json.ts';
import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { compressionNames } from '../contract/compression.ts';
import { BackupError, messageOf } from '../core/errors.ts';
import { jsonProblem } from '../core/json-shape.ts';
import { mustExist } from '../core/must-exist.ts';
import { equalDigests, findKey, iterations, type Key, type KeyRing } from '../crypto/key-ring.ts';
import { segmentBytes } from '../crypto/segments.ts';
import { mostBytes } from '../store/size-limits.ts';
import { suffixOf, tiers } from './layout.ts';

const hex = (bytes: number) => z.string().regex(new RegExp(`^[0-9a-f]{${2 * bytes}}$`));
const count = z.int().min(0);
const time = z.iso.datetime({ precision: 3 });

const sealSchema = z.strictObject({
  bytes: count,
  sha256: hex(32),
  segmentBytes: z.literal(segmentBytes),
  segments: z.array(hex(32)).min(1).readonly(),
});

const compressionSchema = z.strictObject({ algorithm: z.enum(compressionNames), level: z.int() });

const encryptionSchema = z.strictObject({
  /** Key of the plan that sealed the archive. */
  keyId: z.string().regex(/^[a-z0-9-]+$/),
  cipher: z.literal('aes-256-cbc'),
  kdf: z.literal('pbkdf2-hmac-sha256'),
  iterations: z.literal(iterations),
  /** Salt of the cipher key; the archive carries it too. */
  salt: hex(8),
  /** Salt of the keys that authenticate archive and manifest. */
  macSalt: hex(16),
  keyCheck: hex(32),
});

const verificationSchema = z.strictObject({
  at: time,
  level: z.enum(['deep', 'drill']),
  ok: z.boolean(),
  /** Of a drill: how long the restore took. Between the bounds no number is written with an exponent. */
  seconds: z.union([z.literal(0), z.number().min(1e-6).lt(1e9)]).optional(),
  /** Code of the failure. */
  problem: z.string().optional(),
});

/** A path inside the archive, as `unpack` takes it. */
const entryName = z
  .string()

  .regex(/^[^\u0000-\u001f"\\]+$/)
  .refine((name) => name.split('/').every((part) => !['', '.', '..'].includes(part)));

type Values<T> = Readonly<Record<string, T>>;

/** Values under any key, `__proto__` among them, which `z.record` leaves out. */
const valuesOf =
  <T>(isValue: (value: unknown) => value is T) =>
  (value: unknown): value is Values<T> =>
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every((each) => isValue(each));

const isText = (value: unknown): value is string => typeof value === 'string';
const isMeasure = (value: unknown): value is number | string => isText(value) || Number.isSafeInteger(value);

/** Server that a dump came from, and the programs that made it. */
export const serverSchema = z.strictObject({
  product: z.string().describe('PostgreSQL, InfluxDB, Redis or a server like it'),
  version: z.string().describe('version of the server'),
  tools: z.custom<Values<string>>(valuesOf(isText)).meta({
    type: 'object',
    shape: 'object of string',
    description: 'versions of the programs used, by name',
  }),
});

/** What an archive holds, counted: item → measure → value. */
export const fingerprintSchema = z
  .custom<Values<Values<number | string>>>(valuesOf(valuesOf(isMeasure)))
  .meta({
    type: 'object',
    shape: 'object of objects',
    description: 'what it holds, counted: item → measure → value',
  });

/** What every manifest says: where its file comes from, and how it is opened. */
export const fileShape = {
  format: z.union([z.literal(1), z.literal(2)]),
  id: hex(16),
  environment: z.string(),
  target: z.string(),
  engine: z.string(),
  archive: z.string(),
  program: z.string(),
  server: serverSchema,
  startedAt: time,
  finishedAt: time,
  sourceBytes: count,
  archiveBytes: count,
  compression: compressionSchema,
  encryption: encryptionSchema.nullable(),
  seal: sealSchema,
  entries: z.array(z.strictObject({ name: entryName, bytes: count })),
  verifications: z.array(verificationSchema),
} as const;

/** A file of its own in the folder of a target's parts, sealed under the archive's key with a salt of its own. */
const sealedShape = {
  id: hex(16),
  /** Of what was sealed, before it was compressed. */
  bytes: count,
  storedAt: time,
  compression: compressionSchema,
  /** Null in the clear. */
  salt: hex(8).nullable(),
  seal: sealSchema,
} as const;

/** What is known of a part, counted: for people. */
const partFactsSchema = z
  .custom<Values<number | string>>(valuesOf(isMeasure))
  .meta({ type: 'object', shape: 'object', description: 'what the part holds: measure → value' });

const partSchema = z.strictObject({ entry: entryName, ...sealedShape, facts: partFactsSchema });

const archiveShape = { ...fileShape, tier: z.enum(tiers), fingerprint: fingerprintSchema } as const;

const wholeShape = { ...archiveShape, format: z.literal(1) } as const;

const partedShape = {
  ...archiveShape,
  format: z.literal(2),
  /** Entries that are no entries of the archive's own file. */
  parts: z.array(partSchema),
  /** What the engine wants to know when it dumps the next time. */
  notes: z.strictObject(sealedShape).nullable(),
} as const;

/** `<archive>.manifest.json`, the last file that a backup writes. FORMAT.md describes each field. */
export const manifestSchema = z.discriminatedUnion('format', [
  z.strictObject(wholeShape),
  z.strictObject(partedShape),
]);

/** Of any archive: nightly ones, and bases. */
export type FileManifest = z.output<z.ZodObject<typeof fileShape>>;
export type Manifest = z.output<typeof manifestSchema>;
export type PartedManifest = Extract<Manifest, { format: 2 }>;

/** True of an archive some of whose entries are files of their own. */
export const isParted = (manifest: FileManifest): manifest is PartedManifest => manifest.format === 2;

export type SealedPart = z.output<z.ZodObject<typeof sealedShape>>;
export type Part = z.output<typeof partSchema>;
export type Verification = z.output<typeof verificationSchema>;

/** Most lines, one for each value: bounds what a hostile document takes when it is parsed. @default 2^20 */
const maxManifestLines = 1 << 20;

const label = 'grill-backup manifest\0';

/** The key of the ring that made an archive; undefined for one in the clear. @throws BackupError `key.wrong` */
export const keyFor = async (
  { archive, encryption }: FileManifest,
  keys: KeyRing | undefined,
): Promise<Key | undefined> => {
  if (!encryption) return undefined;
  if (!keys) throw new BackupError('key.wrong', `archive ${archive} is encrypted, but no key is available`);
  const { keyId, macSalt, keyCheck } = encryption;
  const key = await findKey(keys, keyId, Buffer.from(macSalt, 'hex'), keyCheck);
  if (key) return key;
  const known = keys.map(({ id }) => id);
  throw new BackupError(
    'key.wrong',
    known.includes(keyId)
      ? `archive ${archive} was encrypted with a different passphrase than key ${keyId} has now`
      : `archive ${archive} was encrypted with key ${keyId}; available: ${known.join(', ')}`,
  );
};

const macOf = async (manifest: FileManifest, keys: KeyRing | undefined): Promise<string> => {
  const key = await keyFor(manifest, keys);
  if (!key) return createHash('sha256').update(label).update(canonical(manifest)).digest('hex');
  const { macKey } = await key.macKeys(
    Buffer.from(mustExist(manifest.encryption, 'encryption').macSalt, 'hex'),
  );
  return createHmac('sha256', macKey).update(label).update(canonical(manifest)).digest('hex');
};

export interface SignedManifest<M extends FileManifest = Manifest> {
  readonly manifest: M;
  readonly mac: string;
}

/** A surrogate that stands alone: JSON.stringify writes no other as an escape. */
const loneSurrogate = /(?<!\\)(?:\\\\)*\\ud/;

/** The only text of a document that is read: no second document, no key twice, no other spelling of a value. */
const textOf = (document: unknown): string => `${JSON.stringify(document, null, 1)}\n`;

const linesOf = (text: string): number => {
  let lines = 0;
  for (let at = text.indexOf('\n'); at >= 0; at = text.indexOf('\n', at + 1)) lines++;
  return lines;
};

/** Longest reason that an error quotes: it may hold text of the document. */
const longestReason = 200;

/** A document with its signature. */
type SignedSchema<M extends FileManifest> = z.ZodType<M & { readonly mac: string }>;

const parseManifest = <M extends FileManifest>(text: string, schema: SignedSchema<M>): SignedManifest<M> => {
  if (linesOf(text) > maxManifestLines) throw new Error(`it has more than ${maxManifestLines} lines`);
  const document: unknown = JSON.parse(text);
  schema.parse(document);
  const { mac, ...manifest } = document as M & { readonly mac: string };
  if (textOf(document) !== text) throw new Error('it is not in the form that the program writes');
  if (loneSurrogate.test(text)) throw new Error('it contains half of a surrogate pair');
  return { manifest: manifest as unknown as M, mac };
};

/** Reads a manifest of a kind without believing it. @throws BackupError `manifest.damaged` */
export const decodeAs = <M extends FileManifest>(
  schema: SignedSchema<M>,
  text: string,
  key: string,
): SignedManifest<M> => {
  try {
    return parseManifest(text, schema);
  } catch (error) {
    const reason =
      error instanceof z.ZodError ? z.prettifyError(error).replace(/\n.*/s, '') : messageOf(error);
    throw new BackupError(
      'manifest.damaged',
      `manifest ${key} cannot be read: ${reason.slice(0, longestReason)}`,
    );
  }
};

/**
 * Text of a manifest file of a kind, authenticated under the archive's own key.
 * @throws BackupError `manifest.damaged` rather than to write what nobody could read
 */
export const encodeAs = async <M extends FileManifest>(
  schema: SignedSchema<M>,
  manifest: M,
  keys: KeyRing | undefined,
): Promise<string> => {
  const text = textOf({ ...manifest, mac: await macOf(manifest, keys) });
  const bytes = Buffer.from(text);
  const problem = bytes.length > mostBytes.manifest ? 'it would be too large' : jsonProblem(bytes);
  if (problem)
    throw new BackupError(
      'manifest.damaged',
      `manifest of ${manifest.archive} cannot be written: ${problem}`,
    );
  decodeAs(schema, text, `of ${manifest.archive}`);
  return text;
};

/** What a document has besides the fields of its kind. */
export const signature = { mac: hex(32) } as const;

const signedSchema = z.discriminatedUnion('format', [
  z.strictObject({ ...wholeShape, ...signature }),
  z.strictObject({ ...partedShape, ...signature }),
]);

/** Reads a manifest without believing it. @throws BackupError `manifest.damaged` */
export const decodeManifest = (text: string, key: string): SignedManifest =>
  decodeAs<Manifest>(signedSchema, text, key);

/** Text of a manifest file. @throws as `encodeAs` */
export const encodeManifest = (manifest: Manifest, keys: KeyRing | undefined): Promise<string> =>
  encodeAs<Manifest>(signedSchema, manifest, keys);

/**
 * Believes a manifest, or throws: right key, right MAC, and written for this very file.
 * @throws BackupError `key.wrong`, `manifest.damaged`, `archive.swapped`, `archive.damaged`
 */
export const authenticateManifest = async <M extends FileManifest>(
  { manifest, mac }: SignedManifest<M>,
  archive: string,
  keys: KeyRing | undefined,
): Promise<M> => {
  if (keys && !manifest.encryption)
    throw new BackupError(
      'archive.damaged',
      `archive ${manifest.archive} is not encrypted, but the plan demands encryption`,
    );
  if (!equalDigests(await macOf(manifest, keys), mac))
    throw new BackupError('manifest.damaged', `manifest of ${archive} was altered`);
  if (manifest.archive !== archive)
    throw new BackupError('archive.swapped', `the manifest beside ${archive} belongs to ${manifest.archive}`);
  if (!archive.endsWith(suffixOf(manifest)))
    throw new BackupError(
      'archive.damaged',
      `archive ${archive} is not what its name says: by its manifest, the name ends in ${suffixOf(manifest)}`,
    );
  return manifest;
};
