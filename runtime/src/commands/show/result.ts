import { z } from 'zod';
import { manifestSchema } from '../../archives/manifest.ts';

/** All that is known of one archive. */
export const shownSchema = z.strictObject({
  store: z.string(),
  archive: z.string().describe('key of the archive in the store'),
  problem: z
    .string()
    .optional()
    .describe('why the manifest fails authentication; absent where it is authentic'),
  manifest: manifestSchema.meta({
    shape: 'manifest',
    description: 'the manifest, with every verification: runtime/FORMAT.md has each field',
  }),
});

export type Shown = z.output<typeof shownSchema>;
