import { z } from 'zod';
import { failures, type FailureCode } from './errors.ts';

/** Code of a failure in a JSON document; `unexpected` is a defect of this program. */
export const failureCode = z
  .enum(['unexpected', ...(Object.keys(failures) as FailureCode[])])
  .meta({ shape: 'code', description: 'code of the failure, see errors.md' });

/** What went wrong, inside a result. */
export const problemFields = {
  code: failureCode,
  message: z.string().describe('what was found; holds no secret'),
};
