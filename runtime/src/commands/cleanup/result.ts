import { z } from 'zod';
import { resultFields } from '../../core/result-fields.ts';
import { leftoverKinds } from '../../engines/leftover.ts';

/** Something that a restore left on the server, and what became of it. */
const cleanedUpSchema = z.strictObject({
  name: z.string().describe('as people call it: database grill_restore_20240101_020000'),
  kind: z
    .enum(leftoverKinds)
    .describe('unfinished: a killed restore left it; kept: its undo needs it, or it may be the only copy'),
  bytes: z.int().optional().describe('space on the server; absent where it is not known'),
  removed: z.boolean().describe('true: it is gone from the server'),
  failed: z.string().optional().describe('why it could not be removed'),
});

export type CleanedUp = z.output<typeof cleanedUpSchema>;

export const cleanupSchema = z.strictObject({
  target: resultFields.target,
  server: z.string().describe('address of the server'),
  dryRun: resultFields.dryRun,
  items: z.array(cleanedUpSchema).readonly().describe('what restores left'),
});

export type CleanupReport = z.output<typeof cleanupSchema>;
