import { deepEqual, equal } from 'node:assert/strict';
import { join } from 'node:path';
import type { Environment } from '../../src/environment/environment.ts';
import { root } from '../kit/environments.ts';
import { until } from '../kit/until.ts';
import { databasesOf, restartedPods } from './databases.ts';
import { kubectl } from './kubectl.ts';

export const modes = { 'client-side': [], 'server-side': ['--server-side'] } as const;

export type Mode = keyof typeof modes;

export const folderOf = ({ environment }: Environment): string => join(root, 'manifests', environment);

const listOf = (items: readonly object[]): string =>
  JSON.stringify({ apiVersion: 'v1', kind: 'List', items });

/** Object → its version, which every write changes. */
const versions = async (args: readonly string[], input = ''): Promise<Record<string, string>> => {
  const template =
    '{range .items[*]}{.kind}/{.metadata.name}={.metadata.uid}:{.metadata.resourceVersion}{"\\n"}{end}';
  const lines = (await kubectl(['get', ...args, '-o', `jsonpath=${template}`], input)).split('\n');
  return Object.fromEntries(lines.map((line) => line.split('=') as [string, string]));
};

/** Objects whose status a controller writes; all others change only where somebody applies a change. */
const written = ([key]: readonly [string, string]): boolean =>
  !/^(Deployment|StatefulSet|PersistentVolumeClaim|CronJob|ValidatingAdmissionPolicy)\//.test(key);

const applied = (folder: string, mode: Mode): Promise<string> =>
  kubectl(['apply', ...modes[mode], '-k', folder]);

const ours = async (folder: string): Promise<Record<string, string>> =>
  Object.fromEntries(Object.entries(await versions(['-k', folder])).filter(written));

/** Applies manifests twice; the second time nothing may change, and `kubectl diff` finds nothing. */
export const applyTwice = async (folder: string, mode: Mode): Promise<void> => {
  await applied(folder, mode);
  const before = await ours(folder);
  const again = await applied(folder, mode);
  if (mode === 'client-side')
    deepEqual(
      again.split('\n').filter((line) => !line.endsWith(' unchanged')),
      [],
      'a second apply changes nothing',
    );
  deepEqual(await ours(folder), before, 'a second apply writes nothing');
  equal(await kubectl(['diff', ...modes[mode], '-k', folder]), '', 'kubectl diff is empty');
};

export const makeDatabases = async (environment: Environment): Promise<Record<string, string>> => {
  const list = listOf(databasesOf(environment));
  await kubectl(['create', '-f', '-'], list);
  return versions(['-f', '-'], list);
};

/** Nobody has touched them since, and their pods may start again, without a word from Pod Security. */
export const databasesUnharmed = async (
  environment: Environment,
  before: Readonly<Record<string, string>>,
): Promise<void> => {
  const now = await versions(['-f', '-'], listOf(databasesOf(environment)));
  const kept = (all: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(all).filter(written));
  deepEqual(kept(now), kept(before), 'databases are as they were');
  await kubectl(
    ['create', '--dry-run=server', '--warnings-as-errors', '-f', '-'],
    listOf(restartedPods(environment)),
  );
};

/** `kubectl delete -k`, until all is gone: a claim waits for the pods that use it. */
export const removeAll = async (folder: string): Promise<void> => {
  await kubectl(['delete', '--ignore-not-found', '--wait=false', '-k', folder]);
  await until(
    async () => (await kubectl(['get', '--ignore-not-found', '-o', 'name', '-k', folder])) === '',
    120,
  );
};
