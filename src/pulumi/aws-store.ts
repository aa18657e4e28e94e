import type { AccessKey } from '@pulumi/aws/iam/accessKey.js';
import { Provider, type ProviderArgs } from '@pulumi/aws/provider.js';
import type { Bucket } from '@pulumi/aws/s3/bucket.js';
import * as pulumi from '@pulumi/pulumi';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { accountOf, type Account } from '../aws/account.ts';
import type { Environment } from '../environment/environment.ts';
import { deployAws, type Made } from './aws.ts';
import type { Naming } from './naming.ts';

/** How Pulumi reaches the account. Its number and the region come from the environment. */
export type AwsAccess = Pick<ProviderArgs, 'profile' | 'assumeRoles'>;

interface AwsStoreArgs {
  readonly environment: Environment;
  readonly account: Account;
  readonly access: AwsAccess;
}

const providerOf = ({ environment, account, access }: AwsStoreArgs, naming: Naming): Provider => {
  const { name, options } = naming.child('aws');
  return new Provider(
    name,
    {
      ...access,
      // the only account; each resource names its region
      region: account.archives.region as NonNullable<ProviderArgs['region']>,
      allowedAccountIds: [account.accountId],
      defaultTags: { tags: { system: 'grill-stats-backup', environment: environment.environment } },
    },
    options,
  );
};

const found = <Kind>(made: Made, id: string): Kind | undefined => made.get(id) as Kind | undefined;

const arnOf = (made: Made, id: string): pulumi.Output<string> =>
  mustExist(found<pulumi.CustomResource & { readonly arn: pulumi.Output<string> }>(made, id), id).arn;

/** The access key of a user; both parts are secret. */
export interface MintedKey {
  readonly accessKey: pulumi.Output<string>;
  readonly secretKey: pulumi.Output<string>;
}

const mintedKey = (key: AccessKey | undefined): MintedKey | undefined =>
  key && { accessKey: pulumi.secret(key.id), secretKey: pulumi.secret(key.secret) };

/** The S3 store of a backup system: bucket, key, replica, logs, and the identity of the backup pods. */
export class AwsStore extends pulumi.ComponentResource {
  readonly bucket: pulumi.Output<string>;
  /** Undefined without `aws.replication`. */
  readonly replicaBucket: pulumi.Output<string> | undefined;
  readonly keyArn: pulumi.Output<string>;
  /** Of the user or role that the backup pods are. */
  readonly identityArn: pulumi.Output<string>;
  /** Undefined where the pods have a role. */
  readonly key: MintedKey | undefined;

  constructor(name: string, args: AwsStoreArgs, naming: Naming, options: pulumi.ComponentResourceOptions) {
    super('grill-stats:AwsStore', name, {}, options);
    const below = naming.below(this);
    const made = deployAws(args.environment, below, providerOf(args, below));
    this.bucket = mustExist(found<Bucket>(made, 'Bucket:archives'), 'bucket').bucket;
    this.replicaBucket = found<Bucket>(made, 'Bucket:replica')?.bucket;
    this.keyArn = arnOf(made, 'Key:archives');
    this.identityArn = arnOf(made, `${args.account.identityKind}:backup`);
    this.key = mintedKey(found<AccessKey>(made, 'AccessKey:backup'));
    const { bucket, replicaBucket, keyArn, identityArn } = this;
    this.registerOutputs({ bucket, replicaBucket, keyArn, identityArn });
  }
}

/** Undefined where an environment asks for nothing in AWS. */
export const awsStoreOf = (
  name: string,
  environment: Environment,
  access: AwsAccess,
  naming: Naming,
  options: pulumi.ComponentResourceOptions,
): AwsStore | undefined => {
  const account = accountOf(environment);
  return account && new AwsStore(name, { environment, account, access }, naming, options);
};
