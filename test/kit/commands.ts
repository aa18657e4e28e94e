import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from '@jest/globals';
import { runProgram } from '../../runtime/src/cli/program.ts';
import { silentSession } from './session.ts';
import { shellWords } from './shell-words.ts';
import { names } from '../../runtime/src/contract/names.ts';
import { scriptsFor } from '../../runtime/src/contract/scripts.ts';
import { planOf } from '../../src/environment/environment.ts';
import { objectsOf, podsOf, root, environmentOf } from './environments.ts';

const environment = environmentOf('prod');
const objects = objectsOf(environment);
const { targets } = planOf(environment);

/** Code of a page: lines of blocks, and spans, which may break a line. */
export const codeIn = (page: string): readonly string[] => {
  const blocks = [...page.matchAll(/```(?:bash|sh)\n([\s\S]*?)```/g)].flatMap(([, block]) =>
    block!.trim().split('\n'),
  );
  const rest = page.replaceAll(/```\w*\n[\s\S]*?```/g, '');
  return [...blocks, ...[...rest.matchAll(/`([^`]+)`/g)].map(([, span]) => span!)].map((code) => code.trim());
};

export const isCommand = (code: string): boolean => /^(kubectl|grill-backup) \w/.test(code);

const placeholders = { target: 'postgresql', cronjob: 'redis-backup', archive: 'postgresql_20240101_020000' };

/** Arguments of a command with its placeholders filled in, as a shell splits them. */
const wordsOf = (command: string): readonly string[] =>
  shellWords(
    command
      .replaceAll(/<(\w+)>/g, (_, name: keyof typeof placeholders) => placeholders[name])
      .replaceAll('$target', placeholders.target)
      .replaceAll(/\$\([^)]*\)/g, '20240101'),
  );

/** Parses a command line as the CLI does, up to where it would begin to work. */
const parseCli = async (args: readonly string[]): Promise<void> => {
  const { session } = silentSession(() => Promise.reject(new Error('parsed')));
  await expect(runProgram(session, args)).rejects.toThrow(/^parsed$/);
};

/** What a shell in the restore pod is asked to run: the CLI, a script over it, or a tool of the image. */
const checkInside = async ([program = '', ...args]: readonly string[]): Promise<void> => {
  const script = scriptsFor(targets).find(({ file }) => `/scripts/${file}` === program);
  if (program === names.program) return parseCli(args);
  if (script) return parseCli([...script.command, ...args]);
  expect(['df', 'cat']).toContain(program);
};

const kinds: Readonly<Record<string, string>> = {
  cronjob: 'CronJob',
  cronjobs: 'CronJob',
  configmap: 'ConfigMap',
  deployment: 'Deployment',
  pod: 'Pod',
};

const has = (kind: string, name: string): boolean =>
  objects.some((object) => object.kind === kind && object.metadata.name === name);

/** `kind/name` of the objects that a kubectl command refers to. */
const referred = ([, verb = '', ...words]: readonly string[]): readonly (readonly [string, string])[] => {
  const from = words.map((word) => /^--from=(\w+)\/(.+)$/.exec(word)).find(Boolean);
  const slashed = words.map((word) => /^(deployment|pod)\/(.+)$/.exec(word)).find(Boolean);
  if (from ?? slashed) return [[kinds[(from ?? slashed)![1]!]!, (from ?? slashed)![2]!]];
  if (verb === 'exec') return [['Pod', words.find((word) => !word.startsWith('-'))!]];
  const [kind, name] = words.filter((word) => !word.startsWith('-'));
  return kinds[kind!] && name && words.indexOf(name) === 1 ? [[kinds[kind!]!, name]] : [];
};

/** Asserts that what a kubectl command names is there: objects, labels, files, and what it runs in the pod. */
const checkKubectl = async (command: string): Promise<void> => {
  const words = wordsOf(command);
  const [outer, inner] = [
    words.slice(0, words.indexOf('--') >>> 0),
    words.slice((words.indexOf('--') >>> 0) + 1),
  ];
  const used = inner.length > 0 && words.includes('--') ? outer : words;
  for (const [kind, name] of referred(used))
    expect([kind, name, has(kind, name)]).toEqual([kind, name, true]);
  const selector = /-l (\S+)=(\S+)/.exec(used.join(' '));
  const selected = ({ labels }: { labels: Readonly<Record<string, string>> }) =>
    labels[selector![1]!] === selector![2];
  if (selector) expect([command, podsOf(objects).some(selected)]).toEqual([command, true]);
  if (words.includes('-k')) expect(words.at(-1)).toMatch(/^manifests\/(dev|prod)$/);
  else if (words.includes('-f')) expect(() => readFileSync(join(root, words.at(-1)!))).not.toThrow();
  else expect([command, words.join(' ').includes('-n grill-stats')]).toEqual([command, true]);
  if (words.includes('--')) await checkInside(inner);
};

/** Asserts that a command of a page exists, with its options and all it names. */
export const checkCommand = (command: string): Promise<void> =>
  command.startsWith('kubectl') ? checkKubectl(command) : checkInside(wordsOf(command));
