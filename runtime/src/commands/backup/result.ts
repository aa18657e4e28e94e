import { z } from 'zod';
import { fingerprintSchema, serverSchema } from '../../archives/manifest.ts';

/** Result of a backup, as `--json` prints it. */
export const backupSchema = z.strictObject({
  target: z.string(),
  store: z.string().describe('store that the archive was committed to'),
  archive: z.string().describe('key of the archive in the store'),
  copies: z.array(z.string()).readonly().describe('keys of the weekly and monthly copies that this run made'),
  sourceBytes: z.int().describe('bytes that were read from the database'),
  archiveBytes: z.int().describe('size of the archive'),
  seconds: z.number().describe('duration of dump and commit'),
  server: serverSchema,
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
