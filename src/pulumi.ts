import * as pulumi from '@pulumi/pulumi';
import { isBackupError } from '../runtime/src/core/errors.ts';
import { synthesize } from './constructs/backup-system.ts';
import { deployBucket } from './deploy/bucket.ts';
import { deployObjects } from './deploy/kubernetes.ts';
import { parseEnvironment, type Environment } from './environment.ts';

/** A user's mistake is shown without a stack trace. */
const stackEnvironment = (): Environment => {
  try {
    return parseEnvironment(pulumi.getStack(), new pulumi.Config().requireObject('environment'));
  } catch (error) {
    throw isBackupError(error) ? new pulumi.RunError(`${error.message}\nhint: ${error.hint}`) : error;
  }
};

const environment = stackEnvironment();
deployObjects(synthesize(environment).flatMap(({ byHand, objects }) => (byHand ? [] : objects)));
deployBucket(environment);
