import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { loadAll } from 'js-yaml';
import type { IPodSpec } from 'kubernetes-models/v1';

/** A Kubernetes object as the manifests carry it; `spec` and `data` are read by kind. */
export interface Manifest {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: unknown;
}

/** Values by Secret and key. */
export type SecretValues = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Where a database of the plan really listens: replaces these fields of `connection`. */
export type Services = Readonly<Record<string, Readonly<Record<string, string | number>>>>;

/** The Kubernetes API, where pods call it. */
export interface ClusterApi {
  readonly host: string;
  readonly port: number;
  /** Of its server. */
  readonly certificate: string;
  /** Of a service account. */
  readonly tokenOf: (account: string) => string;
}

/** What the pods of a demo see of their cluster. */
export interface Cluster {
  readonly manifests: readonly Manifest[];
  readonly secrets: SecretValues;
  /** By target name. */
  readonly services: Services;
  /** Volumes and the pods' files are made below it; volume claims keep their mount's path: `<folder>/backup`. */
  readonly folder: string;
  /** @default there is none: pods get no token */
  readonly api?: ClusterApi;
}

const parse = async (path: string): Promise<readonly Manifest[]> =>
  loadAll(await readFile(path, 'utf8')).filter((object) => object != null) as Manifest[];

/** All objects of a folder of synthesized YAML files. */
export const readManifests = async (folder: string): Promise<readonly Manifest[]> => {
  const files = (await readdir(folder)).filter(
    (name) => name.endsWith('.yaml') && name !== 'kustomization.yaml',
  );
  return (await Promise.all(files.toSorted().map((name) => parse(join(folder, name))))).flat();
};

/** @throws Error if there is none. */
export const find = (cluster: Pick<Cluster, 'manifests'>, kind: string, name: string): Manifest => {
  const found = cluster.manifests.find((object) => object.kind === kind && object.metadata.name === name);
  if (!found) throw new Error(`no ${kind} ${name} in the manifests`);
  return found;
};

interface Templated {
  readonly template: { readonly spec: IPodSpec };
}

/** Pod spec of a CronJob, a Deployment or a Pod. */
export const podSpec = ({ kind, spec }: Manifest): IPodSpec => {
  if (kind === 'CronJob')
    return (spec as { jobTemplate: { spec: Templated } }).jobTemplate.spec.template.spec;
  return kind === 'Deployment' ? (spec as Templated).template.spec : (spec as IPodSpec);
};
