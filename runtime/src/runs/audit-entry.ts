import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Key, KeyRing } from '../crypto/key-ring.ts';
import { canonical } from '../core/canonical-json.ts';
import { proofOf, sign, signatureShape, type Proof } from '../crypto/signature.ts';

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
  /** Of the plan. Absent in entries of earlier versions. */
  environment: z.string().optional(),
  ok: z.boolean(),
  /** Code of the failure. */
  failure: z.string().optional(),
  /** As in the record of the run: which archive, how many removed, into which place. */
  figures: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
  /** SHA-256 of the whole line before, newline included; zeros for the first. */
  previous: digest,
  /**
   * The entry before was under a key at hand when this one was written: this one vouches for it once that key is gone.
   * Absent in the first entry, in the clear, and where what came before was not proved.
   */
  follows: z.literal('proved').optional(),
});

/** A line of the trail. */
export const entrySchema = z.strictObject({ ...contentSchema.shape, ...signatureShape });

export type AuditContent = z.output<typeof contentSchema>;
export type AuditEntry = z.output<typeof entrySchema>;

/** `previous` of the first entry. */
export const genesis = '0'.repeat(64);

const label = 'grill-backup audit\0';

/** One line of JSON with its newline, under the key if there is one. */
export const encodeEntry = async (content: AuditContent, key: Key | undefined): Promise<Buffer> =>
  Buffer.from(`${canonical(await sign(label, content, key))}\n`);

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

export const provenEntry = (entry: AuditEntry, keys: KeyRing | undefined): Promise<Proof> =>
  proofOf(label, entry, keys);
