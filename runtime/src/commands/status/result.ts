import { z } from 'zod';
import { failureCode } from '../../core/failure-code.ts';
import { resultFields } from '../../core/result-fields.ts';

const lastRunSchema = z.strictObject({
  command: z.string().describe('drill is verify --level drill'),
  startedAt: z.iso.datetime().describe('start of the run'),
  finishedAt: z.iso.datetime().describe('end of the run'),
  ok: z.boolean().describe('true: it succeeded'),
  failure: z.string().optional().describe('code of the failure, see errors.md'),
  exitCode: z.int().describe('exit code of the run'),
});

const lockSchema = z.strictObject({
  state: z
    .enum(['held', 'expired', 'dead', 'unreadable'])
    .describe('all but held are of runs that ended without releasing it: the next run takes it over'),
  command: z.string().optional().describe('of the run that took it; absent where it is unreadable'),
  host: z.string().optional().describe('pod or machine of that run'),
  since: z.iso.datetime().optional().describe('when it was taken'),
});

const drillSchema = z.strictObject({
  at: z.iso.datetime().describe('time of the drill'),
  ok: z.boolean().describe('true: restored and found equal'),
  seconds: z.number().optional().describe('duration of the restore; absent where it failed'),
  withinRto: z.boolean().describe('true: restored within the RTO'),
});

const logDrillSchema = z.strictObject({
  at: z.iso.datetime().describe('time of the drill'),
  ok: z.boolean().describe('true: all instants that it tried were recovered, and no data differed'),
  seconds: z.number().optional().describe('duration of the recovery to an instant; absent where it failed'),
  agreedAt: z.iso
    .datetime()
    .optional()
    .describe('when a recovery to the instant of an archive last had the very data of that archive'),
});

const setAsideSchema = z.strictObject({
  archive: resultFields.archive,
  code: failureCode,
  problem: z.string().describe('why it does not count'),
});

export const instantsSchema = z.strictObject({
  from: z.iso.datetime().describe('oldest instant of it'),
  to: z.iso.datetime().describe('newest instant of it'),
});

const logSchema = z.strictObject({
  windows: z
    .array(instantsSchema)
    .readonly()
    .describe('any instant within one can be restored; oldest first, cut at what is missing of the log'),
  holes: z.int().describe('holes in the stored log, from the oldest base on'),
  bases: z.int().describe('bases in the primary store that count'),
  newestBase: z.iso.datetime().optional().describe('start of the newest base; absent where there is none'),
  setAside: z.array(setAsideSchema).readonly().describe('bases that do not count, and why'),
});

/** How a target stands against its objectives. */
export const targetStatusSchema = z.strictObject({
  target: resultFields.target,
  engine: z.string().describe('kind of the database: postgresql, influxdb, redis'),
  archives: z.int().describe('archives in the primary store that count, without safety archives'),
  setAside: z
    .array(setAsideSchema)
    .readonly()
    .describe('what is among the archives and does not count, and why'),
  newest: z.string().optional().describe('key of the newest archive; absent where there is none'),
  startedAt: z.iso.datetime().optional().describe('start of the backup that made the newest archive'),
  recoveryPoint: z.iso
    .datetime()
    .optional()
    .describe('startedAt, or the end of the log that can be restored, where that is later'),
  ageSeconds: z.int().optional().describe('age of the recovery point: what a loss now would lose'),
  rpoSeconds: z.number().describe('recovery point objective'),
  withinRpo: z.boolean().describe('false where there is no recovery point, or it is older than the RPO'),
  archiveBytes: z.int().optional().describe('size of the newest archive'),
  parts: z
    .strictObject({
      isParted: z.boolean().describe('true: the next archive is stored as parts'),
      reason: z.string().describe('why, or why not'),
    })
    .optional()
    .describe('how the next archive is stored; absent for engines without parts'),
  sizeRatio: z
    .number()
    .optional()
    .describe('size of the newest archive over the median of the seven before it; absent for the first one'),
  log: logSchema.optional().describe('the log, where the plan keeps it and it could be read'),
  logProblem: z.string().optional().describe('why the log could not be read'),
  verifiedAt: z.iso.datetime().optional().describe('time of the newest successful verification'),
  lastRuns: z
    .array(lastRunSchema)
    .readonly()
    .describe('the last run of each command, of those that did not meet the lock of another run'),
  rtoSeconds: resultFields.rtoSeconds,
  lastDrill: drillSchema.optional().describe('the last drill, also one that could not run'),
  lastLogDrill: logDrillSchema
    .optional()
    .describe('the last drill that tried to recover instants of the log, also where that failed'),
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
