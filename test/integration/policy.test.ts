import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { withAccessKey } from '../kit/aws.ts';
import { startAnalyzer, type Analyzer, type Violation } from '../kit/pulumi-analyzer.ts';
import type { Registered } from '../kit/pulumi-engine.ts';
import { configOf, kindOf, runStack } from '../kit/pulumi-stack.ts';

const timeoutMs = 600_000;

let analyzer: Analyzer;
let prod: readonly Registered[];

const values = { 'encryption-key': 'p@ssphrase', 'webhook-url': 'https://hooks.test/secret' };

beforeAll(async () => {
  analyzer = await startAnalyzer();
  const environment = { ...configOf('prod'), ...withAccessKey(), secrets: { pulumi: true } };
  const { errors, resources } = await runStack('prod', { environment, secrets: values });
  expect(errors).toBe('');
  prod = resources;
}, timeoutMs);
afterAll(() => analyzer.stop());

const names = (violations: readonly Violation[]) => [...new Set(violations.map(({ policy }) => policy))];

describe('the policy pack, run as Pulumi runs it', () => {
  test('finds nothing in prod', async () => {
    expect(prod.length).toBeGreaterThan(60);
    expect(await analyzer.analyze(prod)).toEqual([]);
  });

  test(
    'finds in dev only images by tag, which policy/dev.json makes an advice',
    async () => {
      const { resources } = await runStack('dev');
      const violations = await analyzer.analyze(resources);
      expect(names(violations)).toEqual(['image-by-digest']);
      expect(violations.every(({ level }) => level === 'mandatory')).toBe(true);
    },
    timeoutMs,
  );

  /** Prod with one resource altered. */
  const altered = (kind: string, name: string, change: (resource: Registered) => Partial<Registered>) => {
    const index = prod.findIndex((one) => kindOf(one.type) === kind && one.name.endsWith(name));
    expect(index).toBeGreaterThan(-1);
    return prod.with(index, { ...prod[index]!, ...change(prod[index]!) });
  };
  const without = (kind: string, name: string) =>
    prod.filter((one) => !(kindOf(one.type) === kind && one.name === name));
  const input = (changes: object) => (resource: Registered) => ({
    inputs: { ...resource.inputs, ...changes },
  });

  test('says nothing of what --target leaves out, which the engine shows without properties', async () => {
    const all = prod.map((one) => (one.custom ? { ...one, inputs: {}, secretOutputs: [] } : one));
    expect(await analyzer.analyze(all)).toEqual([]);
    const bucket = prod.findIndex((one) => kindOf(one.type) === 'Bucket');
    expect(await analyzer.analyze(all.with(bucket, prod[bucket]!))).toEqual([]);
  });

  test.each<[string, () => readonly Registered[], string]>([
    [
      'data-protected',
      () =>
        altered('Secret', 'backup-encryption-secret', () => ({
          protect: false,
          inputs: { stringData: { 'encryption-key': 'p@ssphrase' } },
        })),
      'is not protected',
    ],
    [
      'data-protected',
      () => altered('PersistentVolumeClaim', 'backup-storage-pvc', () => ({ protect: false })),
      'is not protected',
    ],
    [
      'bucket-not-public',
      () => altered('BucketPublicAccessBlock', 'archives', input({ blockPublicPolicy: false })),
      'blockPublicPolicy is not true',
    ],
    ['bucket-complete', () => without('BucketVersioning', 'backup:archives'), 'has no BucketVersioning'],
    [
      'lock-within-retention',
      () =>
        altered(
          'BucketObjectLockConfiguration',
          'archives',
          input({ rule: { defaultRetention: { mode: 'GOVERNANCE', days: 8 } } }),
        ),
      'locks for 8 days, expected at most 7',
    ],
    [
      'no-plain-secret',
      () =>
        altered('Secret', 'backup-encryption-secret', () => ({
          inputs: { stringData: { a: 'b' } },
          secretOutputs: [],
        })),
      'stringData would be in the state in plain text',
    ],
    ['key-rotates', () => altered('Key', 'archives', input({ enableKeyRotation: false })), 'is not rotated'],
  ])('reports a violation of %s', async (policy, resources, message) => {
    const violations = await analyzer.analyze(resources());
    expect(names(violations)).toEqual([policy]);
    expect(violations[0]!.message).toContain(message);
    expect(violations[0]!.level).toBe('mandatory');
  });
});
