import { z } from 'zod';
import { fingerprintSchema } from '../../archives/manifest.ts';
import { problemFields } from '../../core/failure-code.ts';
import { resultFields } from '../../core/result-fields.ts';
import { serviceStateSchema } from '../../services/service-state.ts';

const planFields = {
  target: resultFields.target,
  archive: resultFields.archive,
  store: resultFields.store,
  takenAt: z.iso.datetime().describe('start of the backup that made the archive'),
  fromTarget: z.string().optional().describe('target of the archive, where it is another one: --from-target'),
  fromEnvironment: z
    .string()
    .optional()
    .describe('environment of the archive, where it is another one: --from-environment'),
  instant: z.string().optional().describe('what --to or --before-xid asked for; the archive is then a base'),
  skewSeconds: z
    .number()
    .optional()
    .describe(
      'full --to: how long before the instant the archive was begun; absent where the instant itself comes back',
    ),
  newestInstant: z.iso
    .datetime()
    .optional()
    .describe('newest instant that the stored log reaches from the base on without a hole; with --to'),
  logBytes: z.int().optional().describe('bytes of the log that are replayed at most; with --to'),
  estimatedSeconds: z
    .int()
    .optional()
    .describe('how long it takes, by what such recoveries took elsewhere; with --to'),
  archiveBytes: resultFields.archiveBytes,
  sourceBytes: resultFields.sourceBytes,
  into: z.string().describe('where the data goes'),
  mode: z
    .enum(['replace', 'test', 'directory'])
    .describe('test: into a scratch server, by --test; directory: into files, by --data-directory'),
  only: z.array(z.string()).readonly().optional().describe('parts that are restored; absent where all are'),
  services: z
    .array(serviceStateSchema)
    .readonly()
    .optional()
    .describe('services that are scaled to 0 meanwhile; absent without --stop-services'),
  effect: z.string().describe('what happens to the live data'),
  notes: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('what is not restored, is restored differently, or points elsewhere afterwards'),
};

/** What a restore is going to do; `--dry-run` prints it and stops. */
export const restorePlanSchema = z.strictObject(planFields);

export type RestorePlan = z.output<typeof restorePlanSchema>;

/** Result of a restore of one target. */
const restoreResultSchema = z.strictObject({
  ...planFields,
  dryRun: resultFields.dryRun,
  seconds: z.number().optional().describe('duration; absent after a dry run'),
  rtoSeconds: resultFields.rtoSeconds,
  withinRto: z.boolean().optional().describe('absent after a dry run'),
  equal: z.boolean().optional().describe('true: counted after the restore and found equal to the archive'),
  accepted: z
    .array(z.string())
    .readonly()
    .optional()
    .describe('differences from the manifest that a person accepted with --accept'),
  fingerprint: fingerprintSchema.optional().describe('what was counted after the restore'),
  kept: z.string().optional().describe('where the replaced data is kept'),
  undo: z.string().optional().describe('command that brings the replaced data back'),
  lastCommit: z.iso
    .datetime()
    .optional()
    .describe('commit time of the newest transaction that was replayed; with --to, where there was one'),
  safetyArchive: z.string().optional().describe('key of the archive of the replaced data'),
});

export type RestoreResult = z.output<typeof restoreResultSchema>;

/** Report on a restore of all targets: `restores/<stamp>.json` in the primary store. */
const restoreReportSchema = z.strictObject({
  environment: resultFields.environment,
  startedAt: z.iso.datetime().describe('start of the restore'),
  finishedAt: z.iso.datetime().describe('end of the restore'),
  status: z.enum(['restored', 'failed']).describe('failed: not every target was restored'),
  seconds: z.number().describe('duration of the whole'),
  sourceBytes: z.int().describe('of the targets that were restored'),
  restored: z.array(restoreResultSchema).readonly().meta({
    shape: 'array of object',
    description: 'targets that were restored, each with the fields above',
  }),
  failed: z
    .strictObject({ target: resultFields.target, ...problemFields })
    .optional()
    .describe('target that ended the restore'),
  notBegun: z.array(z.string()).readonly().describe('targets that were not begun'),
  servicesDown: z.array(z.string()).readonly().describe('services that could not be started again'),
});

export type RestoreReport = z.output<typeof restoreReportSchema>;

export const restoreSchema = z.union([
  z.array(restoreResultSchema).readonly().meta({ title: 'restore of a target, and dry runs' }),
  restoreReportSchema.meta({ title: 'restore full, unless it is a dry run' }),
]);
