import { Provider } from '@pulumi/kubernetes/provider.js';
import * as pulumi from '@pulumi/pulumi';
import { isBackupError } from '../../runtime/src/core/errors.ts';
import { synthesize } from '../constructs/backup-system.ts';
import { deployAws } from './aws.ts';
import { deployObjects } from './kubernetes.ts';
import { accessKeyOf, outputsOf } from './outputs.ts';
import { formerNames } from './renames.ts';
import { accessKeyValues, configuredValues, deploySecrets } from './secrets.ts';
import { parseEnvironment, type Environment } from '../environment/environment.ts';

/** A user's mistake is shown without a stack trace. */
const stackEnvironment = (): Environment => {
  try {
    return parseEnvironment(pulumi.getStack(), new pulumi.Config().requireObject('environment'));
  } catch (error) {
    throw isBackupError(error) ? new pulumi.RunError(`${error.message}\nhint: ${error.hint}`) : error;
  }
};

const environment = stackEnvironment();
const configured = configuredValues(environment);
const cluster = new pulumi.Config('kubernetes');
const provider = new Provider('cluster', {
  // two managers of one field are told, not overwritten
  enableServerSideApply: true,
  // a changed value is an update, not a new object: a protected Secret could never be replaced
  enableSecretMutable: true,
  enableConfigMapMutable: true,
  context: cluster.get('context'),
  kubeconfig: cluster.getSecret('kubeconfig'),
});
const made = deployAws(environment);

deployObjects(
  synthesize(environment).flatMap(({ byHand, objects }) => (byHand ? [] : objects)),
  {
    provider,
    formerNames: formerNames(environment),
    secrets: (options) =>
      deploySecrets(environment, { ...configured, ...accessKeyValues(accessKeyOf(made)) }, options),
  },
);

export const {
  bucket,
  replicaBucket,
  keyArn,
  identityArn,
  s3AccessKey,
  s3SecretKey,
  schedules,
  dashboardUrl,
} = outputsOf(environment, made);
