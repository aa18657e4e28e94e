import { describe, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { workflowProblems, writesOf } from '../kit/workflows.ts';

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.github/workflows');
const workflows = readdirSync(folder).map(
  (file) => [file, readFileSync(join(folder, file), 'utf8')] as const,
);
const image = workflows.find(([file]) => file === 'image.yml')![1];

describe('workflows', () => {
  test('are there', () => {
    expect(workflows.map(([file]) => file)).toEqual(['image.yml', 'release.yml', 'test.yml']);
  });

  test.each(workflows)('%s is pinned, bounded, and asks for little', (_, text) => {
    expect(workflowProblems(text)).toEqual([]);
  });

  test('may write no more than a release needs', () => {
    expect(workflows.flatMap(([file, text]) => writesOf(file.replace('.yml', ''), text))).toEqual([
      'image.image: packages',
      'image.image: id-token',
      'release.image: packages',
      'release.image: id-token',
      'release.release: contents',
      'release.release: id-token',
    ]);
  });

  test('pin one commit of an action, and the image of the Dockerfile', () => {
    const pins = workflows.flatMap(([, text]) => [...text.matchAll(/([\w./-]+)@([0-9a-f]{40}) # (\S+)/g)]);
    const byAction = Map.groupBy(pins, ([, action]) => action);
    for (const [, uses] of byAction) expect(new Set(uses.map(([, , commit]) => commit)).size).toBe(1);
    const [, node] = /NODE_IMAGE=(\S+)/.exec(readFileSync(join(root, 'runtime/Dockerfile'), 'utf8'))!;
    expect(workflows.find(([file]) => file === 'test.yml')![1]).toContain(`image: ${node}\n`);
  });
});

describe('the rules for workflows see', () => {
  test.each([
    ['a tag', / # v4\.1\.2/, '', 'uses sigstore/cosign-installer@'],
    ['a branch', /cosign-installer@\w+/, 'cosign-installer@main', 'uses sigstore/cosign-installer@main'],
    ['rights for all', /^permissions: \{\}/m, 'permissions: write-all', 'permissions: expected {}'],
    ['a job without rights of its own', / {4}permissions:\n(?: {6}.*\n)+/, '', 'image: no permissions'],
    ['strangers', /workflow_call:/, 'pull_request_target:', 'on pull_request_target: '],
    [
      'a script with text from outside',
      /"\$IMAGE@\$DIGEST"/,
      '${{ github.head_ref }}',
      'image: a script has ${{ }}',
    ],
    ['a job without end', /timeout-minutes: 60/, 'name: image', 'image: no timeout-minutes'],
    ['a token that stays', /persist-credentials: false/, 'fetch-depth: 1', 'image: checkout leaves'],
    [
      'a container without digest',
      /steps:/,
      'container: debian:12\n    steps:',
      'image: image without a digest',
    ],
  ])('%s', (_, found, instead, problem) => {
    const weakened = image.replace(found, () => instead);
    expect(weakened).not.toBe(image);
    expect(workflowProblems(weakened)).toEqual([expect.stringContaining(problem)]);
  });
});
