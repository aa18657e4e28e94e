import { z } from 'zod';
import { exitCodes } from '../contract/exit-codes.ts';
import { problemFields } from '../core/failure-code.ts';

/** What `--json` prints instead of a result where a command fails before it has one. */
export const errorDocumentSchema = z.strictObject({
  error: z
    .strictObject({
      ...problemFields,
      hint: z.string().describe('what to do next'),
      exitCode: z.literal(Object.values(exitCodes)).describe('exit code of the command'),
    })
    .describe('why the command failed'),
});

export type ErrorDocument = z.output<typeof errorDocumentSchema>;
