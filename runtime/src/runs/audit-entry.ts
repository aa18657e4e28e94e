import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { Key, KeyRing } from '../crypto/key-ring.ts';
import { canonical } from '../core/canonical-json.ts';
import { proofOf, sign, signatureShape, type Proof } from '../crypto/signature.ts';

const digest = z.string().regex(/^[0-9a-f]{64}$/);

const contentSchema = z.strictObject({
  format: z.literal(1).describe('version of the format'),
  sequence: z.int().min(1).describe('from 1, without gaps; also the name of the object'),
  at: z.iso.datetime().describe('end of the run'),
  host: z.string().describe('pod or machine that ran the command'),
  command: z.string().describe('command that ran'),
  target: z.string().describe('target that it worked on'),
  environment: z.string().optional().describe('of the plan; absent in entries of earlier versions'),
  ok: z.boolean().describe('true: the run succeeded'),
  failure: z.string().optional().describe('code of the failure, see errors.md'),
  figures: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .describe('as in the record of the run: which archive, how many removed, into which place'),
  previous: digest.describe('SHA-256 of the line before, with its newline; zeros for the first entry'),
  /** Vouches for the entry before once its key is gone. */
  follows: z
    .literal('proved')
    .optional()
    .describe('true: the entry before was signed by an available key when this one was written'),
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
