import { createHash, createHmac } from 'node:crypto';
import { z } from 'zod';
import { equalDigests, findKey, type Key, type KeyRing } from '../crypto/key-ring.ts';
import { canonical } from './manifest.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const contentSchema = z.strictObject({
  format: z.literal(1),
  /** From 1, without gaps; also the name of the object. */
  sequence: z.int().min(1),
  at: z.iso.datetime(),
  /** Pod or machine that ran the command. */
  host: z.string(),
  command: z.string(),
  target: z.string(),
  ok: z.boolean(),
  /** Code of the failure. */
  failure: z.string().optional(),
  /** As in the record of the run: which archive, how many removed, into which place. */
  figures: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** SHA-256 of the whole line before, newline included; zeros for the first. */
  previous: digest,
  /** Key of the plan under which `mac` is; absent where the plan stores in the clear. */
  key: z.strictObject({ id: z.string(), check: z.string().regex(/^[0-9a-f]+$/) }).optional(),
});

const entrySchema = z.strictObject({ ...contentSchema.shape, mac: digest });

export type AuditContent = z.output<typeof contentSchema>;
export type AuditEntry = z.output<typeof entrySchema>;

/** `previous` of the first entry. */
export const genesis = '0'.repeat(64);

/** Fixed, so that every entry of a key is under one derived key; archives have random salts, so no key is used twice. */
const salt = Buffer.from('grill-backup audit');

const label = 'grill-backup audit\0';

/** Begins the derivation of the trail's key, which is slow on purpose, so that a run's end does not wait for it. */
export const prepareAudit = (keys: KeyRing | undefined): void => void keys?.[0].macKeys(salt).catch(() => {});

const macOf = async (content: AuditContent, key: Key | undefined): Promise<string> => {
  const text = canonical(content);
  if (!key) return createHash('sha256').update(label).update(text).digest('hex');
  const { macKey } = await key.macKeys(salt);
  return createHmac('sha256', macKey).update(label).update(text).digest('hex');
};

/** One line of JSON with its newline, under the key if there is one. */
export const encodeEntry = async (
  content: Omit<AuditContent, 'key'>,
  key: Key | undefined,
): Promise<Buffer> => {
  const named = key && { id: key.id, check: (await key.macKeys(salt)).keyCheck };
  const full: AuditContent = { ...content, ...(named && { key: named }) };
  return Buffer.from(`${canonical({ ...full, mac: await macOf(full, key) })}\n`);
};

/** Undefined for what is no entry, or not in the one form that an entry has. */
export const decodeEntry = (line: Buffer): AuditEntry | undefined => {
  try {
    const entry = entrySchema.parse(JSON.parse(line.toString('utf8')));
    return `${canonical(entry)}\n` === line.toString('utf8') ? entry : undefined;
  } catch {
    return undefined;
  }
};

export const hashOf = (line: Buffer): string => createHash('sha256').update(line).digest('hex');

/** `proved`: under a key at hand. `chained`: in the clear, or under a key that is gone; only its neighbour vouches for it. */
export type Proof = 'proved' | 'chained' | 'altered';

export const proofOf = async ({ mac, ...content }: AuditEntry, keys: KeyRing | undefined): Promise<Proof> => {
  const { key: named } = content;
  const key = named && keys && (await findKey(keys, named.id, salt, named.check));
  if (named && !key) return 'chained';
  if (!equalDigests(mac, await macOf(content, key))) return 'altered';
  return key ? 'proved' : 'chained';
};
