import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { IPodSpec } from 'kubernetes-models/v1';
import { mounts, mountVariables } from '../../runtime/src/contract/mounts.ts';
import { names, programPath } from '../../runtime/src/contract/names.ts';
import { partVariables, runLabel } from '../../runtime/src/contract/parts.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { runProgram, type Output, type ProgramOptions } from '../program.ts';
import { podSpec, type Cluster, type Manifest } from './cluster.ts';
import { environmentOf } from './env.ts';
import { identityOf, own, type Identity } from './identity.ts';
import { mapPaths, type PathMap } from './paths.ts';
import { mapPlan } from './plan.ts';
import { contentOf, type Content } from './volumes.ts';

const repository = join(import.meta.dirname, '../..');
const program = join(repository, 'runtime/bin', names.program);

/** What the job image has on its PATH: the program, Node 24, and the database tools. */
const searchPath = [
  join(repository, 'runtime/bin'),
  join(repository, 'node_modules/.bin'),
  process.env.PATH,
].join(':');

/** A pod of the manifests: its volumes are folders of this machine, its containers are processes. */
export interface Pod {
  /** The container's own command and arguments. */
  readonly command: readonly string[];
  /** Of its processes. */
  readonly userId: number;
  /** Runs a command as `kubectl exec` would; its paths are those of the container. */
  readonly exec: (
    argv: readonly string[],
    signal: AbortSignal,
    endWith?: ProgramOptions['endWith'],
  ) => Promise<Output>;
}

/** What Kubernetes tells a pod of an Indexed Job. */
export interface JobIndex {
  readonly uid: string;
  /** From 0. */
  readonly index: number;
}

interface Mount {
  readonly path: string;
  readonly folder: string;
  readonly content: Content;
}

const mountsOf = (cluster: Cluster, root: string, { containers, volumes }: IPodSpec): readonly Mount[] =>
  (containers[0]?.volumeMounts ?? []).map(({ name, mountPath: path }) => {
    const volume = mustExist(
      volumes?.find((each) => each.name === name),
      `volume ${name}`,
    );
    const content = contentOf(cluster, volume);
    return { path, content, folder: join('claim' in content ? cluster.folder : root, path) };
  });

const writeFiles = async (
  mount: Mount,
  identity: Identity,
  map: (name: string, text: string) => string,
): Promise<void> => {
  await mkdir(mount.folder, { recursive: true });
  await own(identity, mount.folder);
  if ('claim' in mount.content) return;
  for (const [name, text] of Object.entries(mount.content.files)) {
    await writeFile(join(mount.folder, name), map(name, text), { mode: mount.content.mode });
    await own(identity, join(mount.folder, name));
  }
};

/** Variables that a run outside a cluster needs besides those of its pod. */
const machineVariables = (root: string, paths: PathMap): Readonly<Record<string, string>> => ({
  PATH: searchPath,
  HOME: '/', // as containerd does for a user that /etc/passwd lacks
  TMPDIR: paths[mounts.scratch] ?? '/tmp',
  [mountVariables.plan]: join(root, mounts.plan),
  [mountVariables.secrets]: join(root, mounts.secrets),
  [mountVariables.configMaps]: join(root, mounts.configMaps),
});

const environmentAt = (
  cluster: Cluster,
  manifest: Manifest,
  root: string,
  paths: PathMap,
  job: JobIndex | undefined,
): Readonly<Record<string, string>> => {
  const { name, namespace = 'default' } = manifest.metadata;
  const fields = {
    'metadata.name': name,
    'metadata.namespace': namespace,
    ...(job && { [`metadata.labels['${runLabel}']`]: job.uid }),
  };
  const inCluster = Object.entries(
    environmentOf(cluster, fields, mustExist(podSpec(manifest).containers[0], 'container')),
  );
  const here = inCluster.map(([key, text]) => [key, mapPaths(text, paths)] as const);
  const index = job && { [partVariables.index]: String(job.index) };
  return { ...Object.fromEntries(here), ...index, ...machineVariables(root, paths) };
};

/**
 * Makes the volumes of a CronJob's pod, or of a Pod, ready to run commands on them.
 * @param job of which the pod is one of several. @default it is the only one
 */
export const startPod = async (cluster: Cluster, manifest: Manifest, job?: JobIndex): Promise<Pod> => {
  const spec = podSpec(manifest);
  const [container] = spec.containers;
  const identity = identityOf(spec, program);
  const { name } = manifest.metadata;
  const root = join(cluster.folder, 'pods', job ? `${name}-${job.index}` : name);
  const mounted = mountsOf(cluster, root, spec);
  const volumes = Object.fromEntries(mounted.map(({ path, folder }) => [path, folder]));
  const paths = { ...volumes, [programPath]: program };
  const inPlace = (argv: readonly string[]) => argv.map((argument) => mapPaths(argument, paths));
  await rm(root, { recursive: true, force: true });
  for (const mount of mounted)
    await writeFiles(mount, identity, (file, text) =>
      mapPaths(file === basename(mounts.plan) ? mapPlan(text, cluster.services) : text, paths),
    );
  const env = environmentAt(cluster, manifest, root, paths, job);
  return {
    command: [...(container?.command ?? []), ...(container?.args ?? [])],
    userId: identity.uid ?? process.getuid?.() ?? 0,
    exec: (argv, signal, endWith) => runProgram(inPlace(argv), { ...identity, env, signal, endWith }),
  };
};
