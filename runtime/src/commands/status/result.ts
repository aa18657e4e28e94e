import { z } from 'zod';

const lastRunSchema = z.strictObject({
  command: z.string().describe('`drill` is `verify --level drill`'),
  startedAt: z.iso.datetime(),
  finishedAt: z.iso.datetime(),
  ok: z.boolean(),
  exitCode: z.int(),
  failure: z.string().optional().describe('code of the failure'),
});

const lockSchema = z.strictObject({
  state: z
    .enum(['held', 'expired', 'dead', 'unreadable'])
    .describe('all but `held` are of runs that ended without releasing it: the next run takes it over'),
  command: z.string().optional().describe('of the run that took it; absent where it is unreadable'),
  host: z.string().optional(),
  since: z.iso.datetime().optional(),
});

/** How a target stands against its objectives. */
const targetStatusSchema = z.strictObject({
  target: z.string(),
  engine: z.string(),
  archives: z.int().describe('archives in the primary store that count, without safety archives'),
  setAside: z
    .array(z.strictObject({ archive: z.string(), code: z.string(), problem: z.string() }))
    .readonly()
    .describe('what lies among the archives and does not count, and why'),
  newest: z.string().optional().describe('key of the newest archive; absent where there is none'),
  startedAt: z.iso.datetime().optional().describe('start of the backup that made the newest archive'),
  ageSeconds: z.int().optional().describe('age of the newest archive'),
  rpoSeconds: z.number().describe('recovery point objective'),
  withinRpo: z.boolean().describe('false where there is no archive, or the newest is older than the RPO'),
  archiveBytes: z.int().optional().describe('size of the newest archive'),
  sizeRatio: z
    .number()
    .optional()
    .describe('size of the newest archive over the median of the seven before it; absent for the first one'),
  verifiedAt: z.iso.datetime().optional().describe('time of the newest successful verification'),
  lastRun: z
    .strictObject({ startedAt: z.iso.datetime(), ok: z.boolean(), failure: z.string().optional() })
    .optional()
    .describe('the last backup, of those that did not meet the lock of another run; failure is the code'),
  lastRuns: z
    .array(lastRunSchema)
    .readonly()
    .describe('the last run of each command, of those that did not meet the lock of another run'),
  rtoSeconds: z.number().describe('recovery time objective'),
  lastDrill: z
    .strictObject({
      at: z.iso.datetime(),
      ok: z.boolean(),
      seconds: z.number().optional(),
      withinRto: z.boolean(),
    })
    .optional()
    .describe('the last drill, also one that could not run; seconds only where it succeeded'),
  lock: lockSchema.optional().describe('absent while it is free'),
  frozen: z.string().optional().describe('why retention removes nothing; absent where it does'),
  anomalies: z
    .array(z.string())
    .readonly()
    .describe('what is unusual about the newest archive, and which objectives are likely to be missed'),
  nextRun: z.iso.datetime().optional().describe('next run by the schedule'),
});

export type TargetStatus = z.output<typeof targetStatusSchema>;

export const statusSchema = z.array(targetStatusSchema).readonly();
