import { z } from 'zod';
import { resultFields } from '../../core/result-fields.ts';
import type { Pruned } from '../../retention/application.ts';

/** What retention decided for each archive. */
export const pruneSchema = z
  .array(
    z.strictObject({
      target: resultFields.target,
      store: resultFields.store,
      key: resultFields.archive,
      keep: z.boolean().describe('false: removed, or to be removed after a dry run'),
      reason: z.string().describe('why it is kept or removed'),
    }),
  )
  .readonly() satisfies z.ZodType<readonly Pruned[]>;
