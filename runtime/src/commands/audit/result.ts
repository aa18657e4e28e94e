import { z } from 'zod';
import { proofs } from '../../crypto/signature.ts';
import { entrySchema } from '../../runs/audit-entry.ts';
import type { AuditReport } from '../../runs/audit-verify.ts';

/** An entry of the trail, and whether a key at hand proves it; `audit verify` looks at the whole trail. */
export const shownEntrySchema = z.strictObject({
  ...entrySchema.shape,
  proof: z
    .enum(proofs)
    .describe('proved: signed by an available key; unproved: not signed, or its key is gone'),
});

export type ShownEntry = z.output<typeof shownEntrySchema>;

const auditReportSchema = z.strictObject({
  ok: z.boolean().describe('true: the trail is complete'),
  entries: z.int().describe('entries of the trail'),
  proved: z
    .int()
    .describe(
      'entries signed by an available key; with a key, others are problems unless a later one vouches',
    ),
  problems: z
    .array(
      z.strictObject({
        entry: z.string().describe('key of the entry in the store'),
        message: z.string().describe('what is wrong with it'),
      }),
    )
    .readonly()
    .describe('in the order of the trail: the first one tells where it breaks'),
}) satisfies z.ZodType<AuditReport>;

export const auditSchema = z.union([
  z.array(shownEntrySchema).readonly().meta({ title: 'audit show' }),
  auditReportSchema.meta({ title: 'audit verify' }),
]);
