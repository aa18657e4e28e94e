import { describe, expect, test } from '@jest/globals';
import { placeholder } from '../../../../src/aws/resource.ts';
import { awsResources } from '../../../../src/aws/resources.ts';
import { argsOf, accessKeyEnvironment, withAccessKey } from '../../../kit/aws.ts';
import { environmentOf, environmentWith } from '../../../kit/environments.ts';

const prod = accessKeyEnvironment();
const resources = awsResources(prod);
const idsOf = (from = resources) => from.map(({ kind, name }) => `${kind}:${name}`);
const { aws, stores } = prod;

const archives = { bucket: '${Bucket:archives:id}', region: 'us-east-1' };

test('dev asks for nothing in AWS', () => {
  expect(awsResources(environmentOf('dev'))).toEqual([]);
});

test('kind and name tell every resource from all others', () => {
  expect(new Set(idsOf()).size).toBe(resources.length);
});

test('every resource comes after those whose outputs it uses and those it waits for', () => {
  resources.forEach(({ args, after = [] }, index) => {
    const used = [...JSON.stringify(args).matchAll(placeholder)].map(([, kind, name]) => `${kind}:${name}`);
    expect(idsOf(resources.slice(0, index))).toEqual(expect.arrayContaining([...used, ...after]));
  });
});

describe.each([
  ['archives', 'grill-stats-backups', 'us-east-1'],
  ['replica', 'grill-stats-backups-replica', 'us-west-2'],
] as const)('the bucket of the %s', (name, bucket, region) => {
  const of = { bucket: `\${Bucket:${name}:id}`, region };

  test('is versioned, private, encrypted with a key of its own that rotates, locked and logged', () => {
    expect(argsOf(prod, 'Bucket', name)).toEqual({ bucket, region });
    expect(argsOf(prod, 'BucketVersioning', name)).toEqual({
      ...of,
      versioningConfiguration: { status: 'Enabled' },
    });
    expect(argsOf(prod, 'BucketPublicAccessBlock', name)).toEqual({
      ...of,
      blockPublicAcls: true,
      blockPublicPolicy: true,
      ignorePublicAcls: true,
      restrictPublicBuckets: true,
    });
    expect(argsOf(prod, 'BucketOwnershipControls', name)).toMatchObject({
      rule: { objectOwnership: 'BucketOwnerEnforced' },
    });
    expect(argsOf(prod, 'BucketServerSideEncryptionConfiguration', name)).toEqual({
      ...of,
      rules: [
        {
          applyServerSideEncryptionByDefault: {
            sseAlgorithm: 'aws:kms',
            kmsMasterKeyId: `\${Key:${name}:arn}`,
          },
          bucketKeyEnabled: true,
        },
      ],
    });
    expect(argsOf(prod, 'Key', name)).toMatchObject({
      enableKeyRotation: true,
      deletionWindowInDays: 30,
      region,
    });
    expect(argsOf(prod, 'BucketObjectLockConfiguration', name)).toEqual({
      ...of,
      objectLockEnabled: 'Enabled',
      rule: { defaultRetention: { mode: 'GOVERNANCE', days: 7 } },
    });
    expect(argsOf(prod, 'BucketLogging', name)).toEqual({
      ...of,
      targetBucket: `\${Bucket:${name}-logs:id}`,
      targetPrefix: `${bucket}/`,
    });
  });

  test('keeps its data and settings when the stack goes', () => {
    const kept = (wanted: string) =>
      resources.filter((one) => one.name === name && one.keeps === wanted).map(({ kind }) => kind);
    expect(kept('data')).toEqual(['Key', 'Bucket']);
    expect(resources.filter((one) => one.name === name && !one.keeps).map(({ kind }) => kind)).toEqual([
      'Alias',
    ]);
  });
});

describe('the lifecycle', () => {
  const rulesOf = (changes: Readonly<Record<string, unknown>>) =>
    argsOf(environmentWith('prod', { ...prod, ...changes }), 'BucketLifecycleConfiguration', 'archives')
      .rules;
  const deep = { stores: { ...stores, s3: { ...stores.s3, base: 's3://shared/deep/er' } } };

  test('moves what is current and removes what is not, under the prefix of the store', () => {
    expect(rulesOf(deep)).toEqual([
      {
        id: 'archives',
        status: 'Enabled',
        filter: { prefix: 'deep/er/' },
        transitions: [{ days: 30, storageClass: 'GLACIER_IR' }],
        noncurrentVersionExpiration: { noncurrentDays: 30 },
        abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
      },
      {
        id: 'delete-markers-of-nothing',
        status: 'Enabled',
        filter: { prefix: 'deep/er/' },
        expiration: { expiredObjectDeleteMarker: true },
      },
    ]);
  });

  test('expires archives where that is asked for, never the audit trail or the recovery kit', () => {
    const expiring = { aws: { ...aws, lifecycle: { expireAfterDays: 500 } } };
    const rules = rulesOf({ ...deep, ...expiring }) as {
      id: string;
      filter: { prefix: string };
      expiration?: object;
    }[];
    expect(rules.slice(2).map(({ filter, expiration }) => [filter.prefix, expiration])).toEqual(
      ['postgresql', 'influxdb', 'redis'].map((name) => [`deep/er/${name}/`, { days: 500 }]),
    );
  });
});

describe('replication', () => {
  test('copies everything under the prefix with the key of the replica, deletions as markers only', () => {
    expect(argsOf(prod, 'BucketReplicationConfig', 'archives')).toEqual({
      ...archives,
      role: '${Role:replication:arn}',
      rules: [
        {
          id: 'archives',
          status: 'Enabled',
          priority: 0,
          filter: { prefix: '' },
          deleteMarkerReplication: { status: 'Enabled' },
          sourceSelectionCriteria: { sseKmsEncryptedObjects: { status: 'Enabled' } },
          destination: {
            bucket: '${Bucket:replica:arn}',
            encryptionConfiguration: { replicaKmsKeyId: '${Key:replica:arn}' },
          },
        },
      ],
    });
  });

  test('is made after Object Lock is on both buckets, where it is wanted', () => {
    const waits = (from = resources) =>
      from.find(({ kind }) => kind === 'BucketReplicationConfig')!.after!.filter((id) => /Lock/.test(id));
    expect(waits()).toEqual([
      'BucketObjectLockConfiguration:archives',
      'BucketObjectLockConfiguration:replica',
    ]);
    expect(
      waits(awsResources(environmentWith('prod', { ...prod, aws: { ...aws, objectLock: undefined } }))),
    ).toEqual([]);
  });

  test('is made only where it is asked for', () => {
    const alone = awsResources(environmentWith('prod', { ...prod, aws: { ...aws, replication: undefined } }));
    expect(idsOf(alone).filter((id) => /replica/.test(id))).toEqual([]);
    expect(idsOf(alone)).toEqual(
      expect.arrayContaining(['Bucket:archives', 'Key:archives', 'BucketLogging:archives']),
    );
  });
});

describe('the identity of the pods', () => {
  const identities = (from = resources) => idsOf(from).filter((id) => id.endsWith(':backup'));

  test('is a user with one access key, or a role', () => {
    expect(identities()).toEqual(['User:backup', 'UserPolicy:backup', 'AccessKey:backup']);
    expect(identities(awsResources(environmentOf('prod')))).toEqual(['Role:backup', 'RolePolicy:backup']);
  });
});

describe('the role of the console', () => {
  const made = (more: Readonly<Record<string, unknown>>) =>
    idsOf(awsResources(environmentWith('prod', more))).filter((id) => id.endsWith(':console'));

  test('is made where it is on and the pods have roles', () => {
    expect(made({})).toEqual(['Role:console', 'RolePolicy:console']);
  });

  test.each([
    ['it is off', { console: { enabled: false } }],
    [
      'somebody else made one',
      { console: { enabled: true, awsRole: 'arn:aws:iam::123456789012:role/other' } },
    ],
    ['pods have an access key', withAccessKey()],
  ])('is not where %s', (_, more) => {
    expect(made(more)).toEqual([]);
  });
});

test('a bucket without Object Lock has none', () => {
  const unlocked = awsResources(environmentWith('prod', { ...prod, aws: { ...aws, objectLock: undefined } }));
  expect(idsOf(unlocked).filter((id) => id.startsWith('BucketObjectLock'))).toEqual([]);
});

test('logs go after the days that are asked for', () => {
  const environment = environmentWith('prod', { ...prod, aws: { ...aws, accessLogDays: 90 } });
  expect(argsOf(environment, 'BucketLifecycleConfiguration', 'archives-logs').rules).toMatchObject([
    { expiration: { days: 90 } },
  ]);
});
