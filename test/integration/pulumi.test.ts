import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { load } from 'js-yaml';
import { synthesize } from '../../src/constructs/backup-system.ts';
import { configKey, readEnvironment } from '../../src/environment.ts';
import { runProgram, type ProgramRun, type Registered } from '../kit/pulumi-engine.ts';

const root = join(import.meta.dirname, '../..');
const settings = load(readFileSync(join(root, 'Pulumi.yaml'), 'utf8')) as {
  name: string;
  main: string;
  runtime: object;
};
const project = settings.name;
const timeoutMs = 120_000;

const fileOf = (stack: string) => join(root, `Pulumi.${stack}.yaml`);

const configOf = (stack: string) =>
  (load(readFileSync(fileOf(stack), 'utf8')) as { config: Record<string, Record<string, unknown>> }).config[
    configKey
  ]!;

const run = (stack: string, environment: unknown = configOf(stack)): Promise<ProgramRun> =>
  runProgram({
    file: join(root, settings.main),
    project,
    stack,
    config: { [configKey]: JSON.stringify(environment) },
    outputsOf: ({ type, name }) => (type === 'aws:s3/bucket:Bucket' ? { arn: `arn:aws:s3:::${name}` } : {}),
  });

const of = (provider: string, resources: readonly Registered[]) =>
  resources.filter(({ type }) => type.startsWith(`${provider}:`));

const applied = (stack: string) =>
  synthesize(readEnvironment(fileOf(stack))).flatMap(({ byHand, objects }) => (byHand ? [] : objects));

const byKind = (objects: readonly unknown[]) =>
  [...(objects as { kind: string; metadata: { name: string } }[])].sort((a, b) =>
    `${a.kind}/${a.metadata.name}`.localeCompare(`${b.kind}/${b.metadata.name}`),
  );

test('Pulumi runs TypeScript as it is, and finds the environment under its project', () => {
  expect(settings.runtime).toEqual({ name: 'nodejs', options: { typescript: false } });
  expect(configKey).toBe(`${project}:environment`);
});

describe.each(['dev', 'prod'])('the Pulumi program in %s', (stack) => {
  let result: ProgramRun;

  test(
    'registers exactly the objects of synth',
    async () => {
      result = await run(stack);
      expect(result.errors).toBe('');
      expect(result.exitCode).toBe(0);
      expect(byKind(of('kubernetes', result.resources).map(({ inputs }) => inputs))).toEqual(
        byKind(applied(stack)),
      );
    },
    timeoutMs,
  );

  test('names each object namespace/name and lets it wait for the namespace', () => {
    for (const { inputs, name, dependsOn } of of('kubernetes', result.resources)) {
      const metadata = inputs['metadata'] as { name: string; namespace?: string };
      expect(name).toBe(metadata.namespace ? `${metadata.namespace}/${metadata.name}` : metadata.name);
      expect(dependsOn).toEqual(metadata.namespace ? [metadata.namespace] : []);
    }
  });

  test('gives each object the type of its kind', () => {
    const tokens = of('kubernetes', result.resources).map(({ type, inputs }) => {
      const apiVersion = String(inputs['apiVersion']);
      return {
        type,
        expected: `kubernetes:${apiVersion.includes('/') ? apiVersion : `core/${apiVersion}`}:${String(inputs['kind'])}`,
      };
    });
    expect(tokens.map(({ type }) => type)).toEqual(tokens.map(({ expected }) => expected));
  });

  test('protects the volume of the archives', () => {
    const guarded = result.resources
      .filter(({ protect }) => protect)
      .map(({ type }) => type.split(':').at(-1));
    expect(guarded).toEqual(expect.arrayContaining(['Namespace', 'PersistentVolumeClaim']));
  });

  test('does not run the restore pod', () => {
    expect(result.resources.filter(({ type }) => type.endsWith(':Pod'))).toEqual([]);
  });

  test(stack === 'prod' ? 'makes the bucket' : 'makes no bucket', () => {
    const aws = of('aws', result.resources)
      .map(({ type, name }) => `${type.split(':').at(-1)} ${name}`)
      .sort();
    const kinds = [
      '',
      'LifecycleConfiguration',
      'Policy',
      'PublicAccessBlock',
      'ServerSideEncryptionConfiguration',
      'Versioning',
    ];
    expect(aws).toEqual(stack === 'prod' ? kinds.map((kind) => `Bucket${kind} grill-stats-backups`) : []);
  });
});

describe('the bucket', () => {
  let aws: Map<string, Registered>;
  const inputsOf = (kind: string) =>
    aws.get(`aws:s3/${kind[0]!.toLowerCase()}${kind.slice(1)}:${kind}`)!.inputs;

  test(
    'is versioned, encrypted, private and protected',
    async () => {
      const environment = configOf('prod');
      const { resources } = await run('prod', {
        ...environment,
        stores: { directory: {}, s3: { base: 's3://b-1/deep/er', region: 'eu-west-1' } },
      });
      aws = new Map(of('aws', resources).map((resource) => [resource.type, resource]));
      expect(aws.get('aws:s3/bucket:Bucket')).toMatchObject({
        name: 'b-1',
        protect: true,
        inputs: { bucket: 'b-1', region: 'eu-west-1' },
      });
      expect(inputsOf('BucketVersioning')).toMatchObject({
        bucket: 'b-1-id',
        versioningConfiguration: { status: 'Enabled' },
      });
      expect(inputsOf('BucketServerSideEncryptionConfiguration')).toMatchObject({
        rules: [{ applyServerSideEncryptionByDefault: { sseAlgorithm: 'AES256' } }],
      });
      expect(inputsOf('BucketPublicAccessBlock')).toMatchObject({
        blockPublicAcls: true,
        blockPublicPolicy: true,
        ignorePublicAcls: true,
        restrictPublicBuckets: true,
      });
    },
    timeoutMs,
  );

  test('keeps current archives, moves them under the prefix of the store, and lets old versions go', () => {
    const [rule] = inputsOf('BucketLifecycleConfiguration')['rules'] as Record<string, unknown>[];
    expect(rule).toEqual({
      id: 'archives',
      status: 'Enabled',
      filter: { prefix: 'deep/er' },
      transitions: [{ days: 30, storageClass: 'GLACIER_IR' }],
      noncurrentVersionExpiration: { noncurrentDays: 30 },
      abortIncompleteMultipartUpload: { daysAfterInitiation: 2 },
    });
  });

  test('refuses requests without TLS', () => {
    const { Statement } = JSON.parse(inputsOf('BucketPolicy')['policy'] as string);
    expect(Statement).toMatchObject([
      {
        Effect: 'Deny',
        Resource: ['arn:aws:s3:::b-1', 'arn:aws:s3:::b-1/*'],
        Condition: { Bool: { 'aws:SecureTransport': 'false' } },
      },
    ]);
  });
});

test(
  'a mistake in the configuration is shown whole, without a stack trace, and nothing is registered',
  async () => {
    const { exitCode, errors, resources } = await run('prod', {
      ...configOf('prod'),
      encryption: { enabled: false },
      image: {},
    });
    expect(exitCode).not.toBe(0);
    expect(errors).toContain('encryption.enabled: found false, encryption cannot be off in prod');
    expect(errors).toContain('image.repository: found nothing, expected text (add it)');
    expect(errors).not.toMatch(/\n\s+at /);
    expect(resources.filter(({ type }) => !type.startsWith('pulumi:'))).toEqual([]);
  },
  timeoutMs,
);
