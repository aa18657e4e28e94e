import { describe, expect, test } from '@jest/globals';
import { parseEnvironment } from '../../../../src/environment/environment.ts';
import { accessKeyEnvironment } from '../../../kit/aws.ts';
import { problemsOf } from '../../../kit/plans.ts';

const prod = accessKeyEnvironment();
const { aws, stores } = prod;
const s3 = stores.s3!;

const problems = (changes: object) => problemsOf(() => parseEnvironment('prod', { ...prod, ...changes }));
const lifecycle = (changes: object) => ({ aws: { ...aws, lifecycle: { ...aws.lifecycle, ...changes } } });
const lock = (days: number) => ({ aws: { ...aws, objectLock: { mode: 'COMPLIANCE', days } } });
const onlyPostgresql = (pointInTime?: object) => ({ targets: [{ ...prod.targets[0], pointInTime }] });

describe('what AWS and the rest of an environment contradict each other in', () => {
  test.each([
    [
      'a lock that outlasts the shortest retention',
      lock(8),
      'aws.objectLock.days: found 8, expected at most 7, the retention of target influxdb: what is locked cannot be pruned',
    ],
    [
      'a lock that outlasts the window of a log',
      { ...lock(6), ...onlyPostgresql({ window: '5d' }) },
      'aws.objectLock.days: found 6, expected at most 5, the window of target postgresql: what is locked cannot be pruned',
    ],
    [
      'a lock that outlasts the reports of verifications',
      { ...lock(25), ...onlyPostgresql(), verification: { ...prod.verification, reportDays: 20 } },
      'aws.objectLock.days: found 25, expected at most 20, the verification.reportDays: what is locked cannot be pruned',
    ],
    [
      'versions that go before their lock ends',
      lifecycle({ noncurrentDays: 3 }),
      'aws.lifecycle.noncurrentDays: found 3, expected at least 7, that of aws.objectLock.days: a locked version stays that long',
    ],
    [
      'uploads that S3 refuses under a lock',
      { stores: { ...stores, s3: { ...s3, checksums: 'when-required' } } },
      'stores.s3.checksums: found "when-required", expected when-supported, as S3 takes nothing under Object Lock without a checksum',
    ],
    [
      'an expiry that undercuts monthly archives',
      lifecycle({ expireAfterDays: 402 }),
      'aws.lifecycle.expireAfterDays: found 402, expected at least 403, for 12 monthly archives of target postgresql (or leave it out: retention removes archives)',
    ],
    [
      'an expiry that undercuts the days of a target',
      {
        ...lifecycle({ expireAfterDays: 403 }),
        targets: [{ ...prod.targets[0], retention: { days: 500 } }],
      },
      'aws.lifecycle.expireAfterDays: found 403, expected at least 500, for 500 days of target postgresql (or leave it out: retention removes archives)',
    ],
    [
      'an expiry that undercuts a log and the base that its window begins with',
      {
        ...lifecycle({ expireAfterDays: 37, archiveAfterDays: 1 }),
        targets: [
          {
            ...prod.targets[0],
            retention: { days: 30, weekly: 0, monthly: 0 },
            pointInTime: { window: '30d' },
          },
        ],
      },
      'aws.lifecycle.expireAfterDays: found 37, expected at least 38, for the newest base before the window of target postgresql (or leave it out: retention removes archives)',
    ],
    [
      'an expiry that undercuts a base that increments go on from',
      {
        ...lifecycle({ expireAfterDays: 37, archiveAfterDays: 1 }),
        targets: [
          {
            ...prod.targets[0],
            retention: { days: 30, weekly: 0, monthly: 0 },
            pointInTime: { window: '30d', base: { schedule: '0 1 * * *' } },
          },
        ],
      },
      'aws.lifecycle.expireAfterDays: found 37, expected at least 38, for the newest base before the window of target postgresql (or leave it out: retention removes archives)',
    ],
    [
      'an expiry before the move to the archive class',
      {
        ...lifecycle({ expireAfterDays: 40, archiveAfterDays: 40 }),
        targets: [{ ...prod.targets[0], retention: { days: 30, weekly: 0, monthly: 0 } }],
      },
      'aws.lifecycle.expireAfterDays: found 40, expected at least 41, for aws.lifecycle.archiveAfterDays (or leave it out: retention removes archives)',
    ],
    [
      'a class that S3 moves nothing to so early',
      lifecycle({ archiveClass: 'STANDARD_IA', archiveAfterDays: 29 }),
      'aws.lifecycle.archiveAfterDays: found 29, expected at least 30, as S3 moves nothing to STANDARD_IA earlier',
    ],
    [
      'a class that a restore would have to wait for',
      lifecycle({ archiveClass: 'DEEP_ARCHIVE' }),
      'aws.lifecycle.archiveClass: found "DEEP_ARCHIVE", expected one of STANDARD_IA, GLACIER_IR',
    ],
    [
      'no account',
      { aws: { ...aws, accountId: undefined } },
      'aws.accountId: found nothing, expected 12 digits (your own account: Pulumi works in no other)',
    ],
    [
      'a replica in the same region',
      { aws: { ...aws, replication: { bucket: 'other', region: 'us-east-1' } } },
      'aws.replication.region: found "us-east-1", expected another region than us-east-1, that of stores.s3',
    ],
    [
      'a replica that is the bucket itself',
      { aws: { ...aws, replication: { bucket: 'grill-stats-backups', region: 'us-west-2' } } },
      'aws.replication.bucket: found "grill-stats-backups", expected another bucket than that of stores.s3.base',
    ],
    [
      "a replica that is no bucket's name",
      { aws: { ...aws, replication: { bucket: 'No_Bucket', region: 'us-west-2' } } },
      'aws.replication.bucket: found "No_Bucket", expected the name of a bucket',
    ],
    [
      'a bucket whose roles would have too long a name',
      { stores: { ...stores, s3: { ...s3, base: `s3://${'b'.repeat(53)}` } } },
      `stores.s3.base: found "s3://${'b'.repeat(53)}", expected a bucket name of at most 52 characters, as names of roles are longer`,
    ],
    [
      'pods that ask a chain that has nothing for them',
      { stores: { ...stores, s3: { ...s3, credentials: 'default-chain' } } },
      'aws.irsa: found nothing, expected the issuer of the cluster, as stores.s3.credentials is default-chain',
    ],
    [
      'a role beside an access key',
      { aws: { ...aws, irsa: { issuer: 'oidc.eks.us-east-1.amazonaws.com/id/EXAMPLE' } } },
      'stores.s3.credentials: found "secret", expected default-chain, as aws.irsa gives the pods a role',
    ],
    [
      'two sources of secrets',
      { secrets: { ...prod.secrets, pulumi: true } },
      'secrets: found an object, expected one of onePassword, externalSecret and pulumi',
    ],
  ])('%s is named with both figures', (_, changes, problem) => {
    expect(problems(changes)).toEqual([problem]);
  });

  test('everything is named at once, with what else is wrong', () => {
    const changes = {
      aws: {
        ...aws,
        accountId: '12',
        objectLock: { mode: 'GOVERNANCE', days: 90 },
        lifecycle: { noncurrentDays: 5, expireAfterDays: 60 },
      },
      storage: {},
    };
    expect(problems(changes).map((line) => line.split(':')[0])).toEqual([
      'storage.size',
      'aws.accountId',
      'aws.lifecycle.expireAfterDays',
      'aws.objectLock.days',
      'aws.lifecycle.noncurrentDays',
    ]);
  });

  test('figures at their bounds are taken', () => {
    expect(problems(lifecycle({ expireAfterDays: 403, noncurrentDays: 7 }))).toEqual([]);
    expect(problems({ ...lock(30), ...onlyPostgresql() })).toEqual([]);
  });

  test('nothing is asked where Pulumi makes nothing in AWS', () => {
    const off = { enabled: false, objectLock: { mode: 'GOVERNANCE', days: 900 } };
    expect(problems({ aws: off, stores: { directory: {} } })).toEqual([]);
  });
});
