import { z } from 'zod';
import { resultFields } from '../../core/result-fields.ts';

/** One archive, as its manifest describes it; one that does not count has a problem instead. */
export const listedSchema = z.strictObject({
  target: resultFields.target,
  store: resultFields.store,
  archive: resultFields.archive,
  tier: z
    .string()
    .describe('daily, hourly, weekly, monthly or safety; unknown where the archive does not count'),
  startedAt: z.string().describe('start of the backup; empty where the archive does not count'),
  archiveBytes: resultFields.archiveBytes,
  sourceBytes: resultFields.sourceBytes,
  verifiedAt: z.iso
    .datetime()
    .optional()
    .describe('time of the latest deep verification or drill that succeeded; absent where there was none'),
  problem: z.string().optional().describe('why the archive does not count; absent where it does'),
});

export const listSchema = z.array(listedSchema).readonly();

export type Listed = z.output<typeof listedSchema>;
