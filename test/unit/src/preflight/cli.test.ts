import { spawnSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import { root } from '../../../kit/environments.ts';

const run = (...args: readonly string[]) =>
  spawnSync(process.execPath, ['src/preflight/cli.ts', ...args], {
    cwd: root,
    env: { PATH: '/nowhere' },
    encoding: 'utf8',
  });

test.each([
  [[], 'expected one environment'],
  [['dev', 'prod'], 'expected one environment'],
  [['--bogus'], "Unknown option '--bogus'"],
  [['nowhere'], 'there is no Pulumi.nowhere.yaml here: found Pulumi.dev.yaml, Pulumi.prod.yaml'],
  [['prod'], 'kubectl cannot be run: spawn kubectl ENOENT'],
])('%j ends with exit code 2: %s', (args, message) => {
  const { status, stderr } = run(...args);
  expect(stderr).toContain(message);
  expect(status).toBe(2);
});

test('--help says what it does, and what it exits with', () => {
  const { status, stdout } = run('--help');
  expect(status).toBe(0);
  expect(stdout).toContain('Writes nothing');
});
