import { Bucket } from '@pulumi/aws/s3/bucket.js';
import { BucketLifecycleConfiguration } from '@pulumi/aws/s3/bucketLifecycleConfiguration.js';
import { BucketPolicy } from '@pulumi/aws/s3/bucketPolicy.js';
import { BucketPublicAccessBlock } from '@pulumi/aws/s3/bucketPublicAccessBlock.js';
import { BucketServerSideEncryptionConfiguration } from '@pulumi/aws/s3/bucketServerSideEncryptionConfiguration.js';
import { BucketVersioning } from '@pulumi/aws/s3/bucketVersioning.js';
import * as pulumi from '@pulumi/pulumi';
import type { Environment } from '../environment.ts';

type Lifecycle = Environment['aws']['lifecycle'];

/** Current archives are removed by the runtime's retention, never by the bucket. */
const lifecycleRule = (
  prefix: string,
  { archiveAfterDays, archiveClass, noncurrentDays, abortUploadDays }: Lifecycle,
) => ({
  id: 'archives',
  status: 'Enabled',
  filter: { prefix },
  transitions: [{ days: archiveAfterDays, storageClass: archiveClass }],
  noncurrentVersionExpiration: { noncurrentDays },
  abortIncompleteMultipartUpload: { daysAfterInitiation: abortUploadDays },
});

const tlsOnly = (bucketArn: pulumi.Output<string>) =>
  pulumi.jsonStringify({
    Version: '2012-10-17',
    Statement: [
      {
        Sid: 'TlsOnly',
        Effect: 'Deny',
        Principal: '*',
        Action: 's3:*',
        Resource: [bucketArn, pulumi.interpolate`${bucketArn}/*`],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ],
  });

/** The bucket that stores.s3.base names: versioned, encrypted, private, TLS only. */
export const deployBucket = ({ aws, stores, environment }: Environment): void => {
  if (!aws.enabled || !stores.s3) return;
  const { base, region } = stores.s3;
  const { hostname: name, pathname } = new URL(base);
  const made = new Bucket(
    name,
    { bucket: name, region, tags: { system: 'grill-stats-backup', environment } },
    { protect: true },
  );
  const settings = { bucket: made.id, region };
  const versioning = new BucketVersioning(name, {
    ...settings,
    versioningConfiguration: { status: 'Enabled' },
  });
  new BucketServerSideEncryptionConfiguration(name, {
    ...settings,
    rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
  });
  const closed = new BucketPublicAccessBlock(name, {
    ...settings,
    blockPublicAcls: true,
    blockPublicPolicy: true,
    ignorePublicAcls: true,
    restrictPublicBuckets: true,
  });
  new BucketLifecycleConfiguration(
    name,
    { ...settings, rules: [lifecycleRule(pathname.slice(1), aws.lifecycle)] },
    { dependsOn: versioning },
  );
  // AWS refuses the two when they arrive at once
  new BucketPolicy(name, { ...settings, policy: tlsOnly(made.arn) }, { dependsOn: closed });
};
