import { z } from 'zod';
import { resultFields } from '../../core/result-fields.ts';
import type { Pruned } from '../../retention/application.ts';
import type { PrunedLog } from '../../wal/prune.ts';

/** What retention decided for each archive and base, and for the log. */
export const pruneSchema = z
  .array(
    z.strictObject({
      target: resultFields.target,
      store: resultFields.store,
      key: z
        .string()
        .describe('key of the archive or base in the store; for parts and objects of the log, their folder'),
      keep: z.boolean().describe('false: removed, or to be removed after a dry run'),
      reason: z.string().describe('why it is kept or removed'),
      objects: z
        .int()
        .optional()
        .describe('how many parts or objects of the log; absent for archives and bases'),
    }),
  )
  .readonly() satisfies z.ZodType<readonly (Pruned | PrunedLog)[]>;

export type PruneResult = z.output<typeof pruneSchema>;
