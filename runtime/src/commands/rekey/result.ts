import { z } from 'zod';
import { resultFields } from '../../core/result-fields.ts';

/** An archive or a base, or objects of a folder of the log, that moved, or would move, from an old key to the plan's first one. */
const rekeyedSchema = z.strictObject({
  target: resultFields.target,
  store: resultFields.store,
  from: z.string().describe('key in the store of an archive or a base; folder of objects of the log'),
  to: z.string().describe('its key once it is rewritten; the same folder for objects of the log'),
  objects: z.int().optional().describe('how many objects of the folder; absent for an archive or a base'),
  oldKeyId: z.string().describe('id of the key that made it; unknown where no available key did'),
  newKeyId: z.string().describe('id of the first key of the plan'),
  kept: z
    .string()
    .optional()
    .describe(
      'why the old archive is still there: until when Object Lock keeps it; retention removes it later',
    ),
  failed: z.string().optional().describe('why it could not be rewritten'),
});

export type Rekeyed = z.output<typeof rekeyedSchema>;

export const rekeySchema = z.array(rekeyedSchema).readonly();
