import * as pulumi from '@pulumi/pulumi';
import { isBackupError } from '../../runtime/src/core/errors.ts';

/** A user's mistake is shown without a stack trace. */
export const withoutTrace = <Result>(attempt: () => Result): Result => {
  try {
    return attempt();
  } catch (error) {
    throw isBackupError(error) ? new pulumi.RunError(`${error.message}\nhint: ${error.hint}`) : error;
  }
};
