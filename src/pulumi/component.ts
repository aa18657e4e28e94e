import { Provider, type ProviderArgs } from '@pulumi/kubernetes/provider.js';
import * as pulumi from '@pulumi/pulumi';
import { secrets as contract } from '../../runtime/src/contract/secrets.ts';
import { parseAll } from '../../runtime/src/plan/problems.ts';
import { synthesize, type BackupSystemProps } from '../constructs/backup-system.ts';
import { environmentSchema, type Environment } from '../environment/environment.ts';
import { awsStoreOf, type AwsAccess, type AwsStore } from './aws-store.ts';
import { deployObjects } from './kubernetes.ts';
import { Naming } from './naming.ts';
import { dashboardUrlOf, schedulesOf } from './outputs.ts';
import { formerNames } from './renames.ts';
import { checkComplete, deploySecrets, type SecretValues } from './secrets.ts';
import { withoutTrace } from './user-mistake.ts';

export { AwsStore, type AwsAccess, type MintedKey } from './aws-store.ts';
export type { SecretValues } from './secrets.ts';

/** Which cluster, and how Pulumi reaches it. All else of the provider is the component's: what it makes depends on it. */
export type ClusterAccess = Pick<ProviderArgs, 'kubeconfig' | 'context' | 'cluster' | 'clusterIdentifier'>;

/** What a BackupStack takes. */
export interface BackupStackArgs {
  /** What an environment file says, plain values: docs/reference/configuration.md. */
  readonly environment: BackupSystemProps;
  /** Values by the keys of the Secrets, for `secrets: { pulumi: true }`. They are secret, marked or not. @default none - another source has them */
  readonly secrets?: SecretValues;
  /** Cluster of the objects: settings of the Kubernetes provider. @default the current context of the kubeconfig - as kubectl has it */
  readonly cluster?: ClusterAccess;
  /** Access to the AWS account of the store: `profile` and `assumeRoles` of the AWS provider. @default the credentials of the environment - as the AWS CLI has them */
  readonly aws?: AwsAccess;
}

/** It has providers of its own: objects that are updated in place need their settings. */
export type BackupStackOptions = Omit<pulumi.ComponentResourceOptions, 'provider' | 'providers'>;

const providerOf = (access: ClusterAccess, naming: Naming): Provider => {
  const { name, options } = naming.child('cluster');
  return new Provider(
    name,
    {
      ...access,
      // two managers of one field are told, not overwritten
      enableServerSideApply: true,
      // a changed value is an update, not a new object: a protected Secret could never be replaced
      enableSecretMutable: true,
      enableConfigMapMutable: true,
    },
    options,
  );
};

/** The minted access key, as the keys of its Secret. */
const mintedValues = (store: AwsStore | undefined): SecretValues => {
  const { s3AccessKey, s3SecretKey } = contract.encryption.keys;
  return store?.key ? { [s3AccessKey]: store.key.accessKey, [s3SecretKey]: store.key.secretKey } : {};
};

/**
 * A backup system in one namespace of one cluster, and its S3 store where the environment asks for one: the objects of
 * `npm run synth` as typed resources, in the order in which they need each other. docs/how-to/library.md
 */
export class BackupStack extends pulumi.ComponentResource {
  /** Bucket, key and identity; undefined where `aws.enabled` is false. */
  readonly store: AwsStore | undefined;
  /** Namespace of everything. */
  readonly namespace: pulumi.Output<string>;
  /** CronJob → its five cron fields, in UTC. */
  readonly schedules: pulumi.Output<Readonly<Record<string, string>>>;
  /** Address of the dashboard of all targets. */
  readonly dashboardUrl: pulumi.Output<string>;

  /** @throws RunError with every problem of the environment, and every key that has no value, before anything is registered */
  constructor(name: string, args: BackupStackArgs, options?: BackupStackOptions) {
    const environment: Environment = withoutTrace(() =>
      parseAll(`environment of ${name}`, environmentSchema, args.environment),
    );
    const objects = withoutTrace(() => synthesize(environment));
    checkComplete(environment, args.secrets ?? {});
    super('grill-stats:Backup', name, {}, options);
    const naming = new Naming(name, this, formerNames(environment));
    this.store = awsStoreOf(name, environment, args.aws ?? {}, naming, { parent: this });
    const values = { ...args.secrets, ...mintedValues(this.store) };
    deployObjects(
      objects.flatMap((concern) => (concern.byHand ? [] : concern.objects)),
      {
        provider: providerOf(args.cluster ?? {}, naming),
        naming,
        secrets: (common) => deploySecrets(environment, values, naming, common),
      },
    );
    this.namespace = pulumi.output(environment.namespace.name);
    this.schedules = pulumi.output(schedulesOf(environment));
    this.dashboardUrl = pulumi.output(dashboardUrlOf(environment));
    const { namespace, schedules, dashboardUrl } = this;
    this.registerOutputs({ namespace, schedules, dashboardUrl });
  }
}
