import { z } from 'zod';
import { serverSchema } from '../../archives/manifest.ts';
import { resultFields } from '../../core/result-fields.ts';
import { baseManifestSchema } from '../../wal/base-manifest.ts';

const { kind, rolledFrom, incrementOf, timeline, startLsn, redoLsn, endLsn, checksums, systemIdentifier } =
  baseManifestSchema.shape.base.shape;

/** Result of a base, as `--json` prints it. */
export const baseSchema = z.strictObject({
  target: resultFields.target,
  store: z.string().describe('store that the base was committed to'),
  archive: resultFields.archive,
  kind,
  rolledFrom: rolledFrom.describe('id of that base'),
  notRolled: z
    .string()
    .optional()
    .describe('why the server was copied although the plan rolls: this time it could not be'),
  incrementOf: incrementOf.describe('id of the base that an increment goes on from'),
  notIncremental: z
    .string()
    .optional()
    .describe('why all was copied although an increment would have been enough by the plan'),
  sourceBytes: resultFields.sourceBytes,
  archiveBytes: resultFields.archiveBytes,
  seconds: z.number().describe('duration of copy and commit'),
  server: serverSchema.describe('server that was copied'),
  systemIdentifier: systemIdentifier.describe('of the server; its log is in the folder of this name'),
  timeline: timeline.describe('of the log that the base needs'),
  startLsn: startLsn.describe('first byte of the log that the base needs'),
  redoLsn: redoLsn.describe('where a recovery begins'),
  endLsn: endLsn.describe('first position at which the base is whole'),
  checksums: checksums.describe('data blocks have checksums'),
  replicated: z.array(z.string()).readonly().describe('replicas that have a copy'),
  pruned: z
    .array(
      z.strictObject({
        key: z.string().describe('of a base; for objects of the log, the folder of their timeline'),
        objects: z.int().optional().describe('how many objects of the log; absent for a base'),
      }),
    )
    .readonly()
    .describe('what retention removed'),
});

export type BaseResult = z.output<typeof baseSchema>;
