import { z } from 'zod';
import { manifestSchema } from '../../archives/manifest.ts';
import { resultFields } from '../../core/result-fields.ts';

/** All that is known of one archive. */
export const shownSchema = z.strictObject({
  store: resultFields.store,
  archive: resultFields.archive,
  problem: z
    .string()
    .optional()
    .describe('why the manifest fails authentication; absent where it is authentic'),
  manifest: manifestSchema.meta({
    shape: 'object',
    description: 'the manifest, with every verification: runtime/FORMAT.md has each field',
  }),
});

export type Shown = z.output<typeof shownSchema>;
