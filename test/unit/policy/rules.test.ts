import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { awsRules } from '../../../policy/aws.ts';
import { dataRules, stackRules } from '../../../policy/data.ts';
import { callers, kubernetesRules } from '../../../policy/kubernetes.ts';
import type { LinkedResource, Resource, Tree } from '../../../policy/rule.ts';
import { names } from '../../../runtime/src/contract/names.ts';
import { root } from '../../kit/environments.ts';

const rules = [...awsRules, ...kubernetesRules, ...dataRules];

const resource = (type: string, props: Tree, opts: Partial<Resource['opts']> = {}): Resource => ({
  type,
  name: 'it',
  urn: `urn:pulumi:prod::test::${type}::it`,
  props,
  opts: { protect: false, additionalSecretOutputs: [], ...opts },
});

const found = (name: string, about: Resource): readonly string[] => {
  const rule = rules.find((one) => one.name === name);
  if (!rule) throw new Error(`no rule ${name}`);
  return rule.check(about);
};

const s3 = (kind: string, props: Tree) =>
  resource(`aws:s3/${kind[0]!.toLowerCase()}${kind.slice(1)}:${kind}`, props);
const policyOf = (...Statement: object[]) => JSON.stringify({ Version: '2012-10-17', Statement });

const digest = `ghcr.io/owner/image@sha256:${'0'.repeat(64)}`;
const securityContext = {
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};
const container = { name: 'job', image: digest, securityContext };

const cronJob = (spec: object, ...containers: object[]) =>
  resource('kubernetes:batch/v1:CronJob', {
    spec: { jobTemplate: { spec: { template: { spec: { ...spec, containers } } } } },
  });

const tls = {
  Effect: 'Deny',
  Principal: '*',
  Action: 's3:*',
  Condition: { Bool: { 'aws:SecureTransport': 'false' } },
};

const open = { blockPublicAcls: true, blockPublicPolicy: true, ignorePublicAcls: true };

test.each<[string, Resource, Resource, readonly string[]]>([
  [
    'bucket-not-public',
    s3('BucketPublicAccessBlock', { ...open, restrictPublicBuckets: true }),
    s3('BucketPublicAccessBlock', open),
    ['restrictPublicBuckets is not true'],
  ],
  [
    'bucket-versioned',
    s3('BucketVersioning', { versioningConfiguration: { status: 'Enabled' } }),
    s3('BucketVersioning', { versioningConfiguration: { status: 'Suspended' } }),
    ['versioning is Suspended, expected Enabled'],
  ],
  [
    'bucket-encrypted',
    s3('BucketServerSideEncryptionConfiguration', {
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
    }),
    s3('BucketServerSideEncryptionConfiguration', {
      rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'aws:kms' } }],
    }),
    ["is encrypted with AWS's key, expected one of its own"],
  ],
  [
    'bucket-policy-tls',
    s3('BucketPolicy', { policy: policyOf(tls) }),
    s3('BucketPolicy', { policy: policyOf({ ...tls, Principal: { AWS: 'arn:aws:iam::1:user/a' } }) }),
    ['takes requests without TLS'],
  ],
  [
    'bucket-policy-closed',
    s3('BucketPolicy', { policy: policyOf(tls) }),
    s3('BucketPolicy', {
      policy: policyOf(tls, { Effect: 'Allow', Principal: { AWS: '*' }, Action: 's3:GetObject' }),
    }),
    ['allows something to everybody'],
  ],
  [
    'key-rotates',
    resource('aws:kms/key:Key', { enableKeyRotation: true, deletionWindowInDays: 30 }),
    resource('aws:kms/key:Key', { deletionWindowInDays: 7 }),
    ['is not rotated', 'is deleted 7 days after the request, expected 30'],
  ],
  [
    'identity-least-privilege',
    resource('aws:iam/userPolicy:UserPolicy', {
      policy: policyOf({ Effect: 'Allow', Action: ['s3:GetObject'], Resource: 'arn:aws:s3:::b/*' }),
    }),
    resource('aws:iam/userPolicy:UserPolicy', {
      policy: policyOf({ Effect: 'Allow', Action: ['s3:*'], Resource: '*' }),
    }),
    [
      'allows s3:*, expected actions and resources by name',
      'allows *, expected actions and resources by name',
    ],
  ],
  [
    'image-by-digest',
    cronJob({}, container),
    cronJob({}, container, { ...container, name: 'side', image: 'image:1.2' }),
    ['container side runs image:1.2, expected a digest'],
  ],
  [
    'pod-restricted',
    cronJob(
      { securityContext: { runAsNonRoot: true } },
      { ...container, securityContext: { ...securityContext, runAsNonRoot: undefined } },
    ),
    cronJob({}, { name: 'job', image: digest }),
    [
      'container job may run as root',
      'container job may gain privileges',
      'container job keeps capabilities',
      'container job has no seccomp profile',
      'container job can write to its root',
    ],
  ],
  [
    'no-service-account-token',
    cronJob({ automountServiceAccountToken: false }, container),
    cronJob({}, container),
    ['its pods mount a token of the API'],
  ],
  [
    'no-plain-secret',
    cronJob(
      {},
      {
        ...container,
        env: [
          { name: 'TOKEN', valueFrom: {} },
          { name: 'LOG_LEVEL', value: 'INFO' },
        ],
      },
    ),
    cronJob({}, { ...container, env: [{ name: 'PGPASSWORD', value: 'x' }] }),
    ['container job has the value of PGPASSWORD in its environment, expected a file of a Secret'],
  ],
  [
    'no-plain-secret',
    resource('kubernetes:core/v1:ConfigMap', { data: { 'plan.json': '{}' } }),
    resource('kubernetes:core/v1:ConfigMap', { data: { key: '-----BEGIN RSA PRIVATE KEY-----' } }),
    ['key key holds what looks like a secret'],
  ],
  [
    'no-plain-secret',
    resource(
      'kubernetes:core/v1:Secret',
      { stringData: { a: 'b' } },
      { additionalSecretOutputs: ['data', 'stringData'] },
    ),
    resource('kubernetes:core/v1:Secret', { stringData: { a: 'b' } }),
    ['stringData would be in the state in plain text'],
  ],
  ...['aws:s3/bucket:Bucket', 'aws:kms/key:Key', 'kubernetes:core/v1:PersistentVolumeClaim'].map(
    (type): [string, Resource, Resource, readonly string[]] => [
      'data-protected',
      resource(type, {}, { protect: true }),
      resource(type, {}),
      ['is not protected, expected protect: true'],
    ],
  ),
])('%s takes what is right and names what is not', (name, right, wrong, violations) => {
  expect(found(name, right)).toEqual([]);
  expect(found(name, wrong)).toEqual(violations);
});

test('no rule is about what is not its own', () => {
  const other = resource('kubernetes:core/v1:Service', { spec: {} });
  expect(rules.flatMap((rule) => rule.check(other))).toEqual([]);
});

test('docs/how-to/deploying.md has every rule in its words', () => {
  const page = readFileSync(join(root, 'docs/how-to/deploying.md'), 'utf8');
  for (const { name, severity, description } of [...rules, ...stackRules])
    expect(page).toContain(`| \`${name}\` | ${severity} | ${description} |`);
});

describe('rules about a stack', () => {
  const bucket: LinkedResource = { ...s3('Bucket', {}), propertyDependencies: {} };
  const setting = (kind: string, props: Tree): LinkedResource => ({
    ...s3(kind, props),
    propertyDependencies: { bucket: [bucket] },
  });
  const findings = (name: string, ...resources: LinkedResource[]) =>
    stackRules
      .find((rule) => rule.name === name)!
      .checkAll(resources)
      .map(({ message }) => message);
  const plan = (days: number): LinkedResource => ({
    ...resource('kubernetes:core/v1:ConfigMap', {
      data: {
        'plan.json': JSON.stringify({ retention: { days: 30 }, targets: [{ retention: { days } }, {}] }),
      },
    }),
    propertyDependencies: {},
  });
  const lock = setting('BucketObjectLockConfiguration', {
    rule: { defaultRetention: { mode: 'COMPLIANCE', days: 14 } },
  });

  test('bucket-complete asks for every setting of every bucket', () => {
    const whole = [
      'BucketPolicy',
      'BucketPublicAccessBlock',
      'BucketServerSideEncryptionConfiguration',
      'BucketVersioning',
    ].map((kind) => setting(kind, {}));
    expect(findings('bucket-complete', bucket, ...whole)).toEqual([]);
    expect(findings('bucket-complete', bucket, ...whole.slice(1))).toEqual(['has no BucketPolicy']);
    expect(findings('bucket-complete', { ...bucket, urn: 'another' }, ...whole)).toHaveLength(4);
  });

  test('lock-within-retention compares the lock with the plan and with the lifecycle', () => {
    const lifecycle = (kept: number, current?: number) =>
      setting('BucketLifecycleConfiguration', {
        rules: [
          {
            noncurrentVersionExpiration: { noncurrentDays: kept },
            ...(current && { expiration: { days: current } }),
          },
        ],
      });
    expect(findings('lock-within-retention', bucket, lock, plan(14), lifecycle(14, 14))).toEqual([]);
    expect(findings('lock-within-retention', bucket, lock)).toEqual([]);
    expect(findings('lock-within-retention', bucket, lock, plan(13), lifecycle(13, 10))).toEqual([
      'locks for 14 days, expected at most 13, the shortest retention of the plan',
      'removes versions after 13 days, expected at least 14, that of the lock',
      'removes objects after 10 days, expected at least 14, that of the lock',
    ]);
  });
});

test('pods hold a token by the accounts that call the API', () => {
  expect(callers).toEqual([names.console, names.restoreAccount]);
  for (const serviceAccountName of callers)
    expect(found('no-service-account-token', cronJob({ serviceAccountName }, container))).toEqual([]);
});
