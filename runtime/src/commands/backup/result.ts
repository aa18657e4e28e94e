import { z } from 'zod';
import { fingerprintSchema, serverSchema } from '../../archives/manifest.ts';
import { resultFields } from '../../core/result-fields.ts';

/** Result of a backup, as `--json` prints it. */
export const backupSchema = z.strictObject({
  target: resultFields.target,
  store: z.string().describe('store that the archive was committed to'),
  archive: resultFields.archive,
  copies: z.array(z.string()).readonly().describe('keys of the weekly and monthly copies that this run made'),
  sourceBytes: resultFields.sourceBytes,
  archiveBytes: resultFields.archiveBytes,
  storedBytes: z
    .int()
    .describe('bytes of it that this run stored; the rest are parts of earlier archives that did not change'),
  seconds: z.number().describe('duration of dump and commit'),
  server: serverSchema.describe('server that was dumped, and the programs that did it'),
  fingerprint: fingerprintSchema.describe('what the archive holds, counted: item → measure → value'),
  replicated: z
    .record(z.string(), z.array(z.string()).readonly())
    .describe('keys of the archives that were copied, by replica'),
  pruned: z.array(z.string()).readonly().describe('keys of the archives that retention removed'),
  warnings: z
    .array(z.string())
    .readonly()
    .describe('what is unusual compared with earlier archives; sentences with figures'),
});

export type BackupResult = z.output<typeof backupSchema>;
