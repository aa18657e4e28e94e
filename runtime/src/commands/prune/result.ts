import { z } from 'zod';
import type { Pruned } from '../../retention/application.ts';

/** What retention decided for each archive. */
export const pruneSchema = z
  .array(
    z.strictObject({
      target: z.string(),
      store: z.string(),
      key: z.string().describe('key of the archive in the store'),
      keep: z.boolean(),
      reason: z.string(),
    }),
  )
  .readonly() satisfies z.ZodType<readonly Pruned[]>;
