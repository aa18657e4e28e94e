import { beforeAll, expect, jest, test } from '@jest/globals';
import { join } from 'node:path';
import type * as Problems from '../../../../runtime/src/plan/problems.ts';
import type * as Manifests from '../../../../src/synth/manifests.ts';

const root = join(import.meta.dirname, '../../../..');
const module = '../../../../runtime/src/plan/problems.ts';
let parses = 0;
let synth: typeof Manifests;

beforeAll(async () => {
  const problems = await import('../../../../runtime/src/plan/problems.ts');
  const counted = <Parse extends (...args: never[]) => unknown>(parse: Parse): Parse =>
    ((...args: never[]) => {
      parses += 1;
      return parse(...args);
    }) as Parse;
  jest.unstable_mockModule(module, (): typeof Problems => ({
    ...problems,
    parseAll: counted(problems.parseAll),
    parseOrProblems: counted(problems.parseOrProblems),
  }));
  synth = await import('../../../../src/synth/manifests.ts');
});

test('an environment file is parsed once, whatever is made of it', () => {
  const environments = synth.readEnvironments(root);
  expect(parses).toBe(environments.length);
  expect(synth.synthesizeManifests(environments).size).toBeGreaterThan(10);
  expect(synth.synthesizeDashboards(environments).size).toBeGreaterThan(2);
  expect(parses).toBe(environments.length);
});
