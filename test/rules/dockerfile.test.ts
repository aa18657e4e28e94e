import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { environmentNames, environmentOf, objectsOf, podsOf } from '../kit/environments.ts';

const lines = readFileSync(join(import.meta.dirname, '../../runtime/Dockerfile'), 'utf8').split('\n');
const wordsOf = (instruction: string): readonly string[] =>
  lines
    .filter((line) => line.startsWith(`${instruction} `))
    .map((line) => line.slice(instruction.length + 1));

describe('runtime/Dockerfile', () => {
  test('starts from images that a version and a digest name', () => {
    const images = wordsOf('ARG').filter((text) => text.includes('_IMAGE='));
    expect(images).toHaveLength(2);
    for (const image of images) expect(image).toMatch(/:[a-z0-9.-]*\d[a-z0-9.-]*@sha256:[0-9a-f]{64}$/);
    expect(wordsOf('FROM')).toEqual(['${NODE_IMAGE} AS packages', '${BASE_IMAGE}']);
  });

  test.each(environmentNames)('ends as the user that the pods of %s run as', (name) => {
    for (const { spec } of podsOf(objectsOf(environmentOf(name)))) {
      const { runAsUser, runAsGroup } = spec.securityContext;
      expect(wordsOf('USER')).toEqual([`${runAsUser}:${runAsGroup}`]);
    }
  });

  test('holds no secret and fetches nothing but packages', () => {
    for (const text of [...wordsOf('ARG'), ...wordsOf('ENV')])
      expect(text).not.toMatch(/password|token|secret/i);
    expect(lines.filter((line) => /^ADD |curl|wget/.test(line))).toEqual([]);
  });
});
