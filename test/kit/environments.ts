import { join } from 'node:path';
import { synthesize, type KubernetesObject } from '../../src/constructs/backup-system.ts';
import { parseEnvironment, readEnvironment, type Environment } from '../../src/environment/environment.ts';

export const root = join(import.meta.dirname, '../..');

/** Environments whose files are committed. */
export const environmentNames = ['dev', 'prod'] as const;

export type EnvironmentName = (typeof environmentNames)[number];

export const environmentOf = (name: EnvironmentName): Environment =>
  readEnvironment(join(root, `Pulumi.${name}.yaml`));

/** A committed environment with some top-level fields replaced, checked anew. */
export const environmentWith = (
  name: EnvironmentName,
  changes: Readonly<Record<string, unknown>>,
): Environment => parseEnvironment(name, { ...environmentOf(name), ...changes });

/** All objects, with the restore pod. */
export const objectsOf = (environment: Environment): readonly KubernetesObject[] =>
  synthesize(environment).flatMap(({ objects }) => objects);

/** Fields by path, for tests that look deep into an object: `at(cronJob, 'spec.jobTemplate.spec')`. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- objects of many kinds
export const at = (object: unknown, path: string): any =>
  path
    .split('.')
    .reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);

export const find = (objects: readonly KubernetesObject[], kind: string, name: string): KubernetesObject => {
  const found = objects.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name}`);
  return found;
};

/** A pod that some object starts, under that object's name. */
export interface PodOf {
  readonly owner: string;
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- a PodSpec as plain data
  readonly spec: any;
  readonly labels: Readonly<Record<string, string>>;
}

const templatePaths: Readonly<Record<string, string>> = {
  Pod: '',
  Deployment: 'spec.template',
  CronJob: 'spec.jobTemplate.spec.template',
};

/** Every pod of an environment. */
export const podsOf = (objects: readonly KubernetesObject[]): readonly PodOf[] =>
  objects.flatMap((object) => {
    const path = templatePaths[object.kind];
    if (path === undefined) return [];
    const template = path ? at(object, path) : object;
    return [
      {
        owner: `${object.kind} ${object.metadata.name}`,
        spec: template.spec,
        labels: template.metadata.labels,
      },
    ];
  });
