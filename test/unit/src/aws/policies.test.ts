import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { PolicyDocument } from '../../../../src/aws/document.ts';
import { documentOf, accessKeyEnvironment } from '../../../kit/aws.ts';
import { environmentOf, environmentWith, root } from '../../../kit/environments.ts';
import { decide } from '../../../kit/iam.ts';

const prod = accessKeyEnvironment();
const archives = '${Bucket:archives:arn}';
const replica = '${Bucket:replica:arn}';
const archive = `${archives}/postgresql/postgresql_20240101_020000.tar.gz.enc`;
const accountId = '123456789012';
const prolonging = 's3:PutObjectRetention';
const part = `${archives}/parts/influxdb/0123456789abcdef0123456789abcdef.gz.enc`;

/** A request to prolong a lock. */
const locked = (days: number, mode = 'GOVERNANCE') => ({
  's3:object-lock-remaining-retention-days': String(days),
  's3:object-lock-mode': mode,
});

/**
 * IAM actions of each request: "Required permissions for Amazon S3 API operations" of the S3 user guide. A HEAD of what
 * is not there is answered with 404 only to who may list; one of a locked object says until when only to who may see it.
 */
const actionsOf: Readonly<Record<string, readonly string[]>> = {
  AbortMultipartUpload: ['s3:AbortMultipartUpload'],
  CompleteMultipartUpload: ['s3:PutObject'],
  CopyObject: ['s3:GetObject', 's3:PutObject'],
  CreateMultipartUpload: ['s3:PutObject'],
  DeleteObject: ['s3:DeleteObject'],
  GetBucketLifecycleConfiguration: ['s3:GetLifecycleConfiguration'],
  GetBucketVersioning: ['s3:GetBucketVersioning'],
  GetObject: ['s3:GetObject', 's3:GetObjectVersion'],
  HeadBucket: ['s3:ListBucket'],
  HeadObject: ['s3:GetObject', 's3:ListBucket', 's3:GetObjectRetention', 's3:GetObjectLegalHold'],
  ListMultipartUploads: ['s3:ListBucketMultipartUploads'],
  ListParts: ['s3:ListMultipartUploadParts'],
  ListObjectVersions: ['s3:ListBucketVersions'],
  ListObjectsV2: ['s3:ListBucket'],
  PutObject: ['s3:PutObject'],
  PutObjectRetention: ['s3:PutObjectRetention'],
  UploadPart: ['s3:PutObject'],
  UploadPartCopy: ['s3:GetObject', 's3:PutObject'],
};

/** Requests that the runtime's S3 store makes. */
const requests = (): readonly string[] => {
  const folder = join(root, 'runtime/src/store');
  const sources = readdirSync(folder).map((file) => readFileSync(join(folder, file), 'utf8'));
  return [
    ...new Set(
      sources
        .join('\n')
        .matchAll(/new (\w+)Command\(/g)
        .map(([, name]) => name!),
    ),
  ].sort();
};

const bucketActions = [
  's3:GetBucketVersioning',
  's3:GetLifecycleConfiguration',
  's3:ListBucket',
  's3:ListBucketMultipartUploads',
  's3:ListBucketVersions',
];
const used = (): readonly string[] => [...new Set(requests().flatMap((name) => actionsOf[name] ?? [name]))];

const context = {
  'aws:SecureTransport': 'true',
  's3:TlsVersion': '1.3',
  'aws:PrincipalAccount': accountId,
  'aws:PrincipalIsAWSService': 'false',
};

/** What the backup identity is told, by its own policy and that of the bucket. */
const asked = (environment = prod, principal = '${User:backup:arn}') => {
  const kind = principal.includes('User') ? 'UserPolicy' : 'RolePolicy';
  const documents = [
    documentOf(environment, kind, 'backup'),
    documentOf(environment, 'BucketPolicy', 'archives'),
  ];
  return (action: string, resource: string, more: Readonly<Record<string, string>> = {}) =>
    decide(documents, { principal, action, resource, context: { ...context, ...more } });
};

describe('the requests of the S3 store', () => {
  test('are all known here', () => {
    expect(requests()).toEqual(Object.keys(actionsOf).sort());
  });

  test.each([
    ['a user', prod, '${User:backup:arn}'],
    ['a role of the pods', environmentOf('prod'), '${Role:backup:arn}'],
  ] as const)('are allowed to %s', (_, environment, principal) => {
    const ask = asked(environment, principal);
    for (const action of used().filter((each) => each !== prolonging))
      expect([action, ask(action, bucketActions.includes(action) ? archives : archive)]).toEqual([
        action,
        `allowed by ${bucketActions.includes(action) ? 'List' : 'ReadAndWrite'}`,
      ]);
    expect(ask(prolonging, part, locked(7))).toBe('allowed by ProlongParts');
  });

  test('are all that is allowed', () => {
    const { Statement } = documentOf(prod, 'UserPolicy', 'backup');
    const allowed = Statement.flatMap(({ Action }) => Action).filter((action) => action.startsWith('s3:'));
    expect(allowed.toSorted()).toEqual([...used()].sort());
    expect(Statement.every(({ Effect }) => Effect === 'Allow')).toBe(true);
  });

  test('use the key by way of S3 only', () => {
    const documents = [documentOf(prod, 'UserPolicy', 'backup')];
    const key = (action: string, service?: string, resource = '${Key:archives:arn}') =>
      decide(documents, {
        principal: '${User:backup:arn}',
        action,
        resource,
        context: service ? { 'kms:ViaService': service } : {},
      });
    for (const action of ['kms:GenerateDataKey', 'kms:Decrypt']) {
      expect(key(action, 's3.us-east-1.amazonaws.com')).toBe('allowed by Encrypt');
      expect(key(action)).toBe('not allowed');
      expect(key(action, 's3.us-west-2.amazonaws.com')).toBe('not allowed');
      expect(key(action, 's3.us-east-1.amazonaws.com', '${Key:replica:arn}')).toBe('not allowed');
    }
    expect(key('kms:ScheduleKeyDeletion', 's3.us-east-1.amazonaws.com')).toBe('not allowed');
  });
});

describe('the backup identity', () => {
  const destructive = [
    's3:BypassGovernanceRetention',
    's3:DeleteBucket',
    's3:DeleteBucketPolicy',
    's3:DeleteObjectVersion',
    's3:PutBucketObjectLockConfiguration',
    's3:PutBucketPolicy',
    's3:PutBucketPublicAccessBlock',
    's3:PutBucketVersioning',
    's3:PutEncryptionConfiguration',
    's3:PutLifecycleConfiguration',
    's3:PutObjectLegalHold',
    's3:PutReplicationConfiguration',
  ];

  test.each(destructive)('cannot %s, even where another policy allows it everything', (action) => {
    const everything: PolicyDocument = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' }],
    };
    for (const [bucket, policy] of [
      [archives, 'archives'],
      [replica, 'replica'],
    ] as const)
      expect(
        decide([everything, documentOf(prod, 'BucketPolicy', policy)], {
          principal: '${User:backup:arn}',
          action,
          resource: action.includes('Object') && !action.includes('Bucket') ? `${bucket}/a` : bucket,
          context,
        }),
      ).toBe('denied by BackupsDestroyNothing');
  });

  describe('prolongs locks', () => {
    const everything: PolicyDocument = {
      Version: '2012-10-17',
      Statement: [{ Sid: 'Everything', Effect: 'Allow', Action: '*', Resource: '*' }],
    };
    const ask = (resource: string, more: Readonly<Record<string, string>>, environment = prod) =>
      decide([everything, documentOf(environment, 'BucketPolicy', 'archives')], {
        principal: '${User:backup:arn}',
        action: prolonging,
        resource,
        context: { ...context, ...more },
      });

    test.each([
      ['of a part, as long as a new archive is locked', part, locked(7), 'allowed by Everything'],
      ['of a part of an archive that took a day', part, locked(8), 'allowed by Everything'],
      ['no further', part, locked(9), 'denied by BackupsProlongNoFurther'],
      ['not of an archive', archive, locked(7), 'denied by BackupsProlongParts'],
      ['not in another mode', part, locked(7, 'COMPLIANCE'), 'denied by BackupsKeepTheMode'],
    ])('%s', (_, resource, more, decision) => {
      expect(ask(resource, more)).toBe(decision);
    });

    test('not in the replica, nor where no target may have parts', () => {
      const replicas = documentOf(prod, 'BucketPolicy', 'replica');
      const request = {
        principal: '${User:backup:arn}',
        action: prolonging,
        context: { ...context, ...locked(7) },
      };
      expect(decide([everything, replicas], { ...request, resource: `${replica}/parts/influxdb/a` })).toBe(
        'denied by BackupsDestroyNothing',
      );
      const whole = environmentWith('prod', {
        ...prod,
        targets: prod.targets.map((target) => ({
          ...target,
          parts: target.engine === 'redis' ? undefined : false,
        })),
      });
      expect(ask(part, locked(7), whole)).toBe('denied by BackupsDestroyNothing');
      expect(asked(whole)(prolonging, part, locked(7))).toBe('denied by BackupsDestroyNothing');
    });
  });

  test('reaches nothing outside the prefix, nor in the replica or the logs', () => {
    const environment = environmentWith('prod', {
      ...prod,
      stores: { ...prod.stores, s3: { ...prod.stores.s3, base: 's3://shared/deep/er' } },
    });
    const ask = asked(environment);
    expect(ask('s3:GetObject', `${archives}/deep/er/redis/a`)).toBe('allowed by ReadAndWrite');
    for (const place of [
      `${archives}/deep/er2/a`,
      `${archives}/a`,
      `${replica}/deep/er/a`,
      '${Bucket:archives-logs:arn}/a',
    ])
      expect([place, ask('s3:GetObject', place)]).toEqual([place, 'not allowed']);
  });

  test('cannot touch the key', () => {
    const policy = documentOf(prod, 'Key', 'archives');
    for (const action of [
      'kms:ScheduleKeyDeletion',
      'kms:DisableKey',
      'kms:DisableKeyRotation',
      'kms:PutKeyPolicy',
    ])
      expect(decide([policy], { principal: '${User:backup:arn}', action, resource: '*' })).toBe(
        'denied by BackupsKeepTheKey',
      );
    const root = { principal: `arn:aws:iam::${accountId}:root`, resource: '*' };
    expect(decide([policy], { ...root, action: 'kms:Decrypt' })).toBe('allowed by Administration');
  });
});

describe('the console', () => {
  const on = environmentOf('prod');
  const { s3 } = on.stores;
  const audit = `${archives}/audit/0000000001.json`;
  const ask =
    (environment = on) =>
    (action: string, resource: string) =>
      decide(
        [
          documentOf(environment, 'RolePolicy', 'console'),
          documentOf(environment, 'BucketPolicy', 'archives'),
        ],
        { principal: '${Role:console:arn}', action, resource, context },
      );

  test('is no pod but its own', () => {
    const [statement] = documentOf(on, 'Role', 'console', 'assumeRolePolicy').Statement;
    expect(Object.values(statement!.Condition!['StringEquals']!)).toContainEqual([
      'system:serviceaccount:grill-stats:backup-console',
    ]);
  });

  test('lists, reads and sees locks, and changes nothing', () => {
    expect(ask()('s3:ListBucket', archives)).toBe('allowed by List');
    for (const action of actionsOf['HeadObject']!.filter((each) => each !== 's3:ListBucket'))
      expect([action, ask()(action, archive)]).toEqual([action, 'allowed by Read']);
    const changes = used().filter((action) => /Delete|Put|Abort/.test(action));
    for (const action of changes)
      for (const object of [archive, audit])
        expect([action, ask()(action, object)]).toEqual([action, 'not allowed']);
  });

  test('adds to the audit trail where that lies in S3, and to nothing else', () => {
    const alone = ask(environmentWith('prod', { stores: { s3 } }));
    expect(alone('s3:PutObject', audit)).toBe('allowed by WriteAudit');
    expect(alone('s3:PutObject', archive)).toBe('not allowed');
    expect(alone('s3:DeleteObject', audit)).toBe('not allowed');
  });

  test('decrypts by way of S3 only', () => {
    const key = (
      action: string,
      environment = on,
      more = { 'kms:ViaService': 's3.us-east-1.amazonaws.com' },
    ) =>
      decide([documentOf(environment, 'RolePolicy', 'console')], {
        principal: '${Role:console:arn}',
        action,
        resource: '${Key:archives:arn}',
        context: more,
      });
    expect(key('kms:Decrypt')).toBe('allowed by Decrypt');
    expect(key('kms:Decrypt', on, {} as never)).toBe('not allowed');
    expect(key('kms:GenerateDataKey')).toBe('not allowed');
    expect(key('kms:GenerateDataKey', environmentWith('prod', { stores: { s3 } }))).toBe(
      'allowed by Decrypt',
    );
  });
});

describe('a bucket of archives', () => {
  const ask = asked();

  test.each([
    ['without TLS', { 'aws:SecureTransport': 'false' }, 'TlsOnly'],
    ['over TLS 1.1', { 's3:TlsVersion': '1.1' }, 'ModernTlsOnly'],
    ['from another account', { 'aws:PrincipalAccount': '210987654321' }, 'ThisAccountOnly'],
    ['with an encryption of its own', { 's3:x-amz-server-side-encryption': 'AES256' }, 'KmsOnly'],
    [
      'with another key',
      {
        's3:x-amz-server-side-encryption': 'aws:kms',
        's3:x-amz-server-side-encryption-aws-kms-key-id': '${Key:replica:arn}',
      },
      'OwnKeyOnly',
    ],
  ])('refuses a request %s', (_, more, sid) => {
    expect(ask('s3:PutObject', archive, more)).toBe(`denied by ${sid}`);
  });

  test('refuses requests of nobody', () => {
    expect(
      decide([documentOf(prod, 'BucketPolicy', 'archives')], {
        principal: '*',
        action: 's3:GetObject',
        resource: archive,
        context: { 'aws:SecureTransport': 'true', 's3:TlsVersion': '1.3' },
      }),
    ).toBe('denied by ThisAccountOnly');
  });

  test('takes a request that names its own key', () => {
    const own = {
      's3:x-amz-server-side-encryption': 'aws:kms',
      's3:x-amz-server-side-encryption-aws-kms-key-id': '${Key:archives:arn}',
    };
    expect(ask('s3:PutObject', archive, own)).toBe('allowed by ReadAndWrite');
  });

  test('allows nobody anything by itself', () => {
    for (const name of ['archives', 'replica'])
      expect(documentOf(prod, 'BucketPolicy', name).Statement.map(({ Effect }) => Effect)).not.toContain(
        'Allow',
      );
  });
});

describe('the logs of requests', () => {
  const policy = documentOf(prod, 'BucketPolicy', 'archives-logs');
  const delivery = (source: string, account: string) =>
    decide([policy], {
      principal: 'logging.s3.amazonaws.com',
      action: 's3:PutObject',
      resource: '${Bucket:archives-logs:arn}/grill-stats-backups/x',
      context: { ...context, 'aws:SourceArn': source, 'aws:SourceAccount': account },
    });

  test('are written by S3 for this bucket of this account only', () => {
    expect(delivery(archives, accountId)).toBe('allowed by LogDelivery');
    expect(delivery('arn:aws:s3:::other', accountId)).toBe('not allowed');
    expect(delivery(archives, '210987654321')).toBe('not allowed');
  });
});

describe('the role of replication', () => {
  const ask = (action: string, resource: string, more: Readonly<Record<string, string>> = {}) =>
    decide([documentOf(prod, 'RolePolicy', 'replication')], {
      principal: '${Role:replication:arn}',
      action,
      resource,
      context: more,
    });

  test('reads versions with their locks, and writes replicas', () => {
    expect(ask('s3:GetObjectVersionForReplication', archive)).toBe('allowed by SourceVersions');
    expect(ask('s3:GetObjectRetention', archive)).toBe('allowed by SourceVersions');
    expect(ask('s3:ReplicateObject', `${replica}/postgresql/a`)).toBe('allowed by Replica');
    expect(
      ask('kms:Decrypt', '${Key:archives:arn}', { 'kms:ViaService': 's3.us-east-1.amazonaws.com' }),
    ).toBe('allowed by Decrypt');
    expect(
      ask('kms:GenerateDataKey', '${Key:replica:arn}', { 'kms:ViaService': 's3.us-west-2.amazonaws.com' }),
    ).toBe('allowed by Encrypt');
  });

  test('writes nothing to the source, deletes no version, and decrypts no replica', () => {
    for (const [action, resource] of [
      ['s3:ReplicateObject', archive],
      ['s3:PutObject', archive],
      ['s3:DeleteObjectVersion', `${replica}/postgresql/a`],
      ['kms:Decrypt', '${Key:replica:arn}'],
    ] as const)
      expect(ask(action, resource, { 'kms:ViaService': 's3.us-west-2.amazonaws.com' })).toBe('not allowed');
  });

  test('is assumed by S3 for this bucket only', () => {
    const trust = documentOf(prod, 'Role', 'replication', 'assumeRolePolicy');
    const assume = (source: string) =>
      decide([trust], {
        principal: 's3.amazonaws.com',
        action: 'sts:AssumeRole',
        resource: '',
        context: { 'aws:SourceArn': source, 'aws:SourceAccount': accountId },
      });
    expect(assume(archives)).toBe('allowed by S3');
    expect(assume('arn:aws:s3:::other')).toBe('not allowed');
  });
});

describe('the role of the pods', () => {
  const issuer = environmentOf('prod').aws.irsa!.issuer;
  const trust = documentOf(environmentOf('prod'), 'Role', 'backup', 'assumeRolePolicy');
  const assume = (subject: string, audience = 'sts.amazonaws.com') =>
    decide([trust], {
      principal: `arn:aws:iam::${accountId}:oidc-provider/${issuer}`,
      action: 'sts:AssumeRoleWithWebIdentity',
      resource: '',
      context: { [`${issuer}:sub`]: subject, [`${issuer}:aud`]: audience },
    });

  test('is assumed by the two service accounts only', () => {
    for (const name of ['backup-operator', 'backup-restore'])
      expect(assume(`system:serviceaccount:grill-stats:${name}`)).toBe('allowed by BackupPods');
    expect(assume('system:serviceaccount:grill-stats:default')).toBe('not allowed');
    expect(assume('system:serviceaccount:other:backup-operator')).toBe('not allowed');
    expect(assume('system:serviceaccount:grill-stats:backup-operator', 'other')).toBe('not allowed');
  });
});
