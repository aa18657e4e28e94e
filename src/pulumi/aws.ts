import { AccessKey } from '@pulumi/aws/iam/accessKey.js';
import { Role } from '@pulumi/aws/iam/role.js';
import { RolePolicy } from '@pulumi/aws/iam/rolePolicy.js';
import { User } from '@pulumi/aws/iam/user.js';
import { UserPolicy } from '@pulumi/aws/iam/userPolicy.js';
import { Alias } from '@pulumi/aws/kms/alias.js';
import { Key } from '@pulumi/aws/kms/key.js';
import { Bucket } from '@pulumi/aws/s3/bucket.js';
import { BucketLifecycleConfiguration } from '@pulumi/aws/s3/bucketLifecycleConfiguration.js';
import { BucketLogging } from '@pulumi/aws/s3/bucketLogging.js';
import { BucketObjectLockConfiguration } from '@pulumi/aws/s3/bucketObjectLockConfiguration.js';
import { BucketOwnershipControls } from '@pulumi/aws/s3/bucketOwnershipControls.js';
import { BucketPolicy } from '@pulumi/aws/s3/bucketPolicy.js';
import { BucketPublicAccessBlock } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import { BucketReplicationConfig } from '@pulumi/aws/s3/bucketReplicationConfig.js';
import { BucketServerSideEncryptionConfiguration } from '@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js';
import { BucketVersioning } from '@pulumi/aws/s3/bucketVersioning.js';
import * as pulumi from '@pulumi/pulumi';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { placeholder, type AwsKind, type AwsResource } from '../aws/resource.ts';
import { awsResources } from '../aws/resources.ts';
import type { Environment } from '../environment/environment.ts';
import type { Naming } from './naming.ts';

type ResourceClass = new (
  name: string,
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- src/aws/resource.ts checked the arguments
  args: any,
  options?: pulumi.CustomResourceOptions,
) => pulumi.CustomResource;

const classes: Readonly<Record<AwsKind, ResourceClass>> = {
  AccessKey,
  Alias,
  Bucket,
  BucketLifecycleConfiguration,
  BucketLogging,
  BucketObjectLockConfiguration,
  BucketOwnershipControls,
  BucketPolicy,
  BucketPublicAccessBlock,
  BucketReplicationConfig,
  BucketServerSideEncryptionConfiguration,
  BucketVersioning,
  Key,
  Role,
  RolePolicy,
  User,
  UserPolicy,
};

/** Registered resources by `kind:name`. */
export type Made = ReadonlyMap<string, pulumi.CustomResource>;

const outputOf = (made: Made, kind: string, name: string, output: string): pulumi.Output<string> => {
  const found = made.get(`${kind}:${name}`);
  if (!found) throw new Error(`${kind} ${name} is used before it is made; see src/aws/resources.ts`);
  return mustExist(
    (found as unknown as Record<string, pulumi.Output<string>>)[output],
    `${output} of a ${kind}`,
  );
};

/** A text with the outputs that its placeholders stand for. */
const filled = (text: string, made: Made): pulumi.Input<string> => {
  const found = [...text.matchAll(placeholder)];
  if (!found.length) return text;
  const outputs = found.map(([, kind = '', name = '', output = '']) => outputOf(made, kind, name, output));
  return pulumi.all(outputs).apply((values) => {
    const left = [...values];
    return text.replaceAll(placeholder, () => left.shift() ?? '');
  });
};

const resolved = (value: unknown, made: Made): unknown => {
  if (typeof value === 'string') return filled(value, made);
  if (Array.isArray(value)) return value.map((entry) => resolved(entry, made));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, resolved(entry, made)]));
};

const documents = ['policy', 'assumeRolePolicy'];

/** Arguments with their outputs; policies as text. */
const argumentsOf = ({ args }: AwsResource, made: Made): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    Object.entries(args).map(([key, value]) => [
      key,
      documents.includes(key) ? pulumi.jsonStringify(resolved(value, made)) : resolved(value, made),
    ]),
  );

/** Registers what src/aws says, in its order, through one provider. Empty where the environment asks for nothing in AWS. */
export const deployAws = (
  environment: Environment,
  naming: Naming,
  provider: pulumi.ProviderResource,
): Made => {
  const made = new Map<string, pulumi.CustomResource>();
  for (const resource of awsResources(environment)) {
    const { kind, name, keeps, after = [] } = resource;
    const child = naming.child(name);
    const registered = new classes[kind](child.name, argumentsOf(resource, made), {
      ...child.options,
      provider,
      protect: keeps === 'data',
      retainOnDelete: keeps !== undefined,
      dependsOn: after.map((id) => mustExist(made.get(id), id)),
    });
    made.set(`${kind}:${name}`, registered);
  }
  return made;
};
