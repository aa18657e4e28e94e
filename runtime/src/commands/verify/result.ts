import { z } from 'zod';
import { verifyLevels } from '../../contract/verify-levels.ts';
import { problemFields } from '../../core/failure-code.ts';
import { resultFields } from '../../core/result-fields.ts';

/** Outcome for one archive in one store. */
const verifiedSchema = z.strictObject({
  target: resultFields.target,
  store: resultFields.store,
  archive: z
    .string()
    .describe(
      'key of the archive or base, or how keys of the log begin; empty where the store has none, or could not be read',
    ),
  tier: z
    .string()
    .describe(
      'daily, hourly, weekly, monthly or safety; base or log of a restore to an instant; instant: recovered to one; agreement: recovered to that of an archive and compared; unknown or none where no archive was read',
    ),
  level: z.enum(verifyLevels).describe('what was done; archives beyond the newest are verified quickly'),
  startedAt: z.iso.datetime().optional().describe('start of the backup, by the manifest'),
  archiveBytes: resultFields.archiveBytes.optional(),
  seconds: z.number().describe('duration of the verification'),
  ok: z.boolean().describe('true: the archive passed'),
  instant: z
    .strictObject({
      at: z.string().describe('time, or position of the log'),
      agrees: z
        .boolean()
        .optional()
        .describe('true: what was recovered is the very data of the archive; absent where none was compared'),
    })
    .optional()
    .describe('of a drill: the instant of the log that was recovered'),
  restore: z
    .strictObject({
      seconds: z.number().describe('duration'),
      rtoSeconds: resultFields.rtoSeconds,
      withinRto: z.boolean().describe('true: not longer than the RTO'),
    })
    .optional()
    .describe(
      'of a drill that passed: the restore, or the recovery of an instant, against the RTO of the target',
    ),
  notes: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('of a drill that passed: what it could not try, or what does not come back'),
  problem: z.strictObject(problemFields).optional().describe('why the archive did not pass'),
});

export type Verified = z.output<typeof verifiedSchema>;

/** Report on a verification; without a target it is stored as `verification/verification_report_<date>.json` too. */
export const verifySchema = z.strictObject({
  environment: resultFields.environment,
  part: z
    .strictObject({
      index: z.int().describe('from 0'),
      of: z.int().describe('number of parts'),
    })
    .optional()
    .describe('which pod of an Indexed Job it is, and only its targets; absent in the report on all targets'),
  generatedAt: z.iso.datetime().describe('end of the verification'),
  status: z.enum(['passed', 'failed']).describe('failed: an archive did not pass, or it ended early'),
  archives: z.int().describe('archives that were verified'),
  failed: z.int().describe('archives that did not pass'),
  stopped: z.string().optional().describe('why it ended early; absent where everything was verified'),
  notReached: z.array(z.string()).readonly().describe('targets that were not verified to the end'),
  warnings: z
    .array(z.string())
    .readonly()
    .describe('newest archives that are unusual compared with earlier ones, and stores that will be full'),
  results: z.array(verifiedSchema).readonly().describe('one for each archive and store'),
});

export type VerificationReport = z.output<typeof verifySchema>;
