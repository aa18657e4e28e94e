import type { AccessKeyArgs } from '@pulumi/aws/iam/accessKey.js';
import type { RoleArgs } from '@pulumi/aws/iam/role.js';
import type { RolePolicyArgs } from '@pulumi/aws/iam/rolePolicy.js';
import type { UserArgs } from '@pulumi/aws/iam/user.js';
import type { UserPolicyArgs } from '@pulumi/aws/iam/userPolicy.js';
import type { AliasArgs } from '@pulumi/aws/kms/alias.js';
import type { KeyArgs } from '@pulumi/aws/kms/key.js';
import type { BucketArgs } from '@pulumi/aws/s3/bucket.js';
import type { BucketLifecycleConfigurationArgs } from '@pulumi/aws/s3/bucketLifecycleConfiguration.js';
import type { BucketLoggingArgs } from '@pulumi/aws/s3/bucketLogging.js';
import type { BucketObjectLockConfigurationArgs } from '@pulumi/aws/s3/bucketObjectLockConfiguration.js';
import type { BucketOwnershipControlsArgs } from '@pulumi/aws/s3/bucketOwnershipControls.js';
import type { BucketPolicyArgs } from '@pulumi/aws/s3/bucketPolicy.js';
import type { BucketPublicAccessBlockArgs } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import type { BucketReplicationConfigArgs } from '@pulumi/aws/s3/bucketReplicationConfig.js';
import type { BucketServerSideEncryptionConfigurationArgs } from '@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js';
import type { BucketVersioningArgs } from '@pulumi/aws/s3/bucketVersioning.js';
import type { PolicyDocument } from './document.ts';

/** Kinds of AWS resources, each with what its Pulumi class takes. */
export interface AwsArgs {
  readonly AccessKey: AccessKeyArgs;
  readonly Alias: AliasArgs;
  readonly Bucket: BucketArgs;
  readonly BucketLifecycleConfiguration: BucketLifecycleConfigurationArgs;
  readonly BucketLogging: BucketLoggingArgs;
  readonly BucketObjectLockConfiguration: BucketObjectLockConfigurationArgs;
  readonly BucketOwnershipControls: BucketOwnershipControlsArgs;
  readonly BucketPolicy: BucketPolicyArgs;
  readonly BucketPublicAccessBlock: BucketPublicAccessBlockArgs;
  readonly BucketReplicationConfig: BucketReplicationConfigArgs;
  readonly BucketServerSideEncryptionConfiguration: BucketServerSideEncryptionConfigurationArgs;
  readonly BucketVersioning: BucketVersioningArgs;
  readonly Key: KeyArgs;
  readonly Role: RoleArgs;
  readonly RolePolicy: RolePolicyArgs;
  readonly User: UserArgs;
  readonly UserPolicy: UserPolicyArgs;
}

export type AwsKind = keyof AwsArgs;

/** Policies are objects here and become text when they are registered. */
type WithDocuments<Args> = Omit<Args, 'policy' | 'assumeRolePolicy'> &
  (Args extends { policy?: unknown } | { assumeRolePolicy?: unknown }
    ? { readonly policy?: PolicyDocument; readonly assumeRolePolicy?: PolicyDocument }
    : unknown);

/** `data` is protected and outlives the stack; `settings` of data outlive it as well. */
export type Keeps = 'data' | 'settings';

/** A resource as plain data: kind and name tell it from all others, so that two syntheses can be compared. */
export interface AwsResource<Kind extends AwsKind = AwsKind> {
  readonly kind: Kind;
  /** Logical name, unique within the kind. */
  readonly name: string;
  readonly args: WithDocuments<AwsArgs[Kind]>;
  readonly keeps?: Keeps;
  /** `kind:name` of resources that it waits for besides those whose outputs it uses. */
  readonly after?: readonly string[];
}

/** A resource, its arguments checked against those of its kind. */
export const resource = <Kind extends AwsKind>(
  kind: Kind,
  name: string,
  args: WithDocuments<AwsArgs[Kind]>,
  options: Pick<AwsResource, 'keeps' | 'after'> = {},
): AwsResource => ({ kind, name, args, ...options });

/** Stands for an output that only AWS knows: `${Key:archives:arn}`. IAM's own variables hold one colon at most. */
export const outputOf = (kind: AwsKind, name: string, output: 'arn' | 'id'): string =>
  `\${${kind}:${name}:${output}}`;

/** Kind, name and output of each placeholder in a text. */
export const placeholder = /\$\{(\w+):([\w-]+):(\w+)\}/g;
