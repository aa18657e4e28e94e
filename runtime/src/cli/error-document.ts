import { z } from 'zod';
import { exitCodes } from '../contract/exit-codes.ts';
import { failureCode } from '../core/failure-code.ts';

/** What `--json` prints instead of a result where a command fails before it has one. */
export const errorDocumentSchema = z.strictObject({
  error: z.strictObject({
    code: failureCode,
    message: z.string().describe('what was found; holds no secret'),
    hint: z.string().describe('what to do next'),
    exitCode: z.literal(Object.values(exitCodes)),
  }),
});

export type ErrorDocument = z.output<typeof errorDocumentSchema>;
