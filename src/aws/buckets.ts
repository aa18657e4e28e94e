import type { Environment } from '../environment/environment.ts';
import { archivesPolicy, tlsOnly } from './bucket-policy.ts';
import { document, onBehalfOf } from './document.ts';
import { lifecycleRules } from './lifecycle.ts';
import { bucketArn, keyArn, type Account, type Place } from './account.ts';
import { outputOf, resource, type AwsResource } from './resource.ts';

const closed = {
  blockPublicAcls: true,
  blockPublicPolicy: true,
  ignorePublicAcls: true,
  restrictPublicBuckets: true,
};

const settings = { keeps: 'settings' } as const;

/** A bucket that nobody outside can open, and no list of its own can. */
const closedBucket = (
  name: string,
  bucket: string,
  region: string,
  policy: ReturnType<typeof document>,
): readonly AwsResource[] => {
  const of = { bucket: outputOf('Bucket', name, 'id'), region };
  return [
    resource('Bucket', name, { bucket, region }, { keeps: 'data' }),
    resource('BucketPublicAccessBlock', name, { ...of, ...closed }, settings),
    resource(
      'BucketOwnershipControls',
      name,
      { ...of, rule: { objectOwnership: 'BucketOwnerEnforced' } },
      settings,
    ),
    resource(
      'BucketPolicy',
      name,
      { ...of, policy },
      // AWS refuses the two when they arrive at once
      { ...settings, after: [`BucketPublicAccessBlock:${name}`] },
    ),
  ];
};

/** Where S3 writes who asked for what. Log delivery takes no key of the account: "Enabling server access logging". */
const logBucket = (place: Place, account: Account, keepDays: number): readonly AwsResource[] => {
  const name = `${place.name}-logs`;
  const arn = outputOf('Bucket', name, 'arn');
  const of = { bucket: outputOf('Bucket', name, 'id'), region: place.region };
  const policy = document(...tlsOnly(arn), {
    Sid: 'LogDelivery',
    Effect: 'Allow',
    Principal: { Service: 'logging.s3.amazonaws.com' },
    Action: 's3:PutObject',
    Resource: `${arn}/*`,
    Condition: onBehalfOf(bucketArn(place), account.accountId),
  });
  const expiry = {
    id: 'logs',
    status: 'Enabled',
    filter: { prefix: '' },
    expiration: { days: keepDays },
    noncurrentVersionExpiration: { noncurrentDays: 1 },
  };
  const encryption = { applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } };
  return [
    ...closedBucket(name, `${place.bucket}-logs`, place.region, policy),
    resource('BucketServerSideEncryptionConfiguration', name, { ...of, rules: [encryption] }, settings),
    resource('BucketVersioning', name, { ...of, versioningConfiguration: { status: 'Enabled' } }, settings),
    resource(
      'BucketLifecycleConfiguration',
      name,
      { ...of, rules: [expiry] },
      { ...settings, after: [`BucketVersioning:${name}`] },
    ),
  ];
};

/** A bucket of archives: versioned, encrypted with its key, closed, logged, locked where that is asked for. */
export const bucket = (place: Place, account: Account, environment: Environment): readonly AwsResource[] => {
  const { name, region } = place;
  const { objectLock, accessLogDays } = environment.aws;
  const of = { bucket: outputOf('Bucket', name, 'id'), region };
  const versioned = { ...settings, after: [`BucketVersioning:${name}`] };
  const encryption = {
    applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms', kmsMasterKeyId: keyArn(place) },
    // one request to KMS per bucket and hour rather than per object
    bucketKeyEnabled: true,
  };
  return [
    ...closedBucket(
      name,
      place.bucket,
      region,
      archivesPolicy(place, account, name === 'archives' ? account.prolonged : undefined),
    ),
    resource('BucketVersioning', name, { ...of, versioningConfiguration: { status: 'Enabled' } }, settings),
    resource('BucketServerSideEncryptionConfiguration', name, { ...of, rules: [encryption] }, settings),
    resource(
      'BucketLifecycleConfiguration',
      name,
      { ...of, rules: lifecycleRules(environment, account.prefix) },
      versioned,
    ),
    ...(objectLock
      ? [
          resource(
            'BucketObjectLockConfiguration',
            name,
            { ...of, objectLockEnabled: 'Enabled', rule: { defaultRetention: objectLock } },
            versioned,
          ),
        ]
      : []),
    ...logBucket(place, account, accessLogDays),
    resource(
      'BucketLogging',
      name,
      { ...of, targetBucket: outputOf('Bucket', `${name}-logs`, 'id'), targetPrefix: `${place.bucket}/` },
      { ...settings, after: [`BucketPolicy:${name}-logs`] },
    ),
  ];
};
