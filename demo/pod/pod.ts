import { mkdir, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { IPodSpec } from 'kubernetes-models/v1';
import { mounts, mountVariables } from '../../runtime/src/contract/mounts.ts';
import { names, programPath } from '../../runtime/src/contract/names.ts';
import { partVariables, runLabel } from '../../runtime/src/contract/parts.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { runProgram, type Output, type ProgramOptions } from '../program.ts';
import { podSpec, type Cluster, type Manifest } from './cluster.ts';
import { environmentOf, type Fields } from './env.ts';
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
  readonly surroundings: Surroundings;
  /** Runs what has to end before the container begins: its init containers. */
  readonly initialize: (signal: AbortSignal) => Promise<void>;
  /** Runs a command as `kubectl exec` would; its paths are those of the container. */
  readonly exec: (
    argv: readonly string[],
    signal: AbortSignal,
    more?: Pick<ProgramOptions, 'endWith' | 'follow'>,
  ) => Promise<Output>;
}

/** What a process of a container runs in. */
export interface Surroundings {
  readonly identity: Identity;
  readonly env: Readonly<Record<string, string>>;
  readonly paths: PathMap;
}

type Container = IPodSpec['containers'][number];

/** What Kubernetes tells a pod of an Indexed Job. */
export interface JobIndex {
  readonly uid: string;
  /** From 0. */
  readonly index: number;
}

/** Of the kubelet's files: readable by the pod's group. */
const accountMode = 0o440;

interface Mount {
  readonly path: string;
  readonly folder: string;
  readonly content: Content;
}

const mountsOf = (
  cluster: Cluster,
  root: string,
  { volumes }: IPodSpec,
  { volumeMounts = [] }: Container,
): readonly Mount[] =>
  volumeMounts.map(({ name, mountPath: path }) => {
    const volume = mustExist(
      volumes?.find((each) => each.name === name),
      `volume ${name}`,
    );
    const content = contentOf(cluster, volume);
    return { path, content, folder: join('claim' in content ? cluster.folder : root, path) };
  });

/** What the kubelet gives a pod that calls the API: https://kubernetes.io/docs/tasks/run-application/access-api-from-pod/ */
const accountOf = (cluster: Cluster, root: string, spec: IPodSpec, namespace: string) => {
  const { api } = cluster;
  if (!api || !spec.automountServiceAccountToken) return { files: [], env: {} };
  const token = api.tokenOf(mustExist(spec.serviceAccountName, 'service account'));
  const files = { token, 'ca.crt': api.certificate, namespace };
  const folder = join(root, mounts.serviceAccount);
  const mount: Mount = { path: mounts.serviceAccount, folder, content: { files, mode: accountMode } };
  const env = {
    [mountVariables.serviceAccount]: folder,
    KUBERNETES_SERVICE_HOST: api.host,
    KUBERNETES_SERVICE_PORT: String(api.port),
  };
  return { files: [mount], env };
};

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

const fieldsOf = ({ metadata }: Manifest, job: JobIndex | undefined): Fields => ({
  'metadata.name': metadata.name,
  'metadata.namespace': namespaceOf(metadata),
  ...(job && { [`metadata.labels['${runLabel}']`]: job.uid }),
});

const namespaceOf = ({ namespace = 'default' }: Manifest['metadata']): string => namespace;

/** Who the processes of a pod are. */
export const userOf = (manifest: Manifest): Identity => identityOf(podSpec(manifest), program);

/** Makes the volumes of a container, and what its processes run in. */
const prepare = async (
  cluster: Cluster,
  manifest: Manifest,
  container: Container,
  root: string,
  job: JobIndex | undefined,
): Promise<Surroundings> => {
  const spec = podSpec(manifest);
  const identity = userOf(manifest);
  const mounted = mountsOf(cluster, root, spec, container);
  const account = accountOf(cluster, root, spec, namespaceOf(manifest.metadata));
  const volumes = Object.fromEntries(mounted.map(({ path, folder }) => [path, folder]));
  const paths = { ...volumes, [programPath]: program };
  for (const mount of [...mounted, ...account.files])
    await writeFiles(mount, identity, (file, text) =>
      mapPaths(file === basename(mounts.plan) ? mapPlan(text, cluster.services) : text, paths),
    );
  const inCluster = Object.entries(environmentOf(cluster, fieldsOf(manifest, job), container));
  const env = {
    ...Object.fromEntries(inCluster.map(([key, text]) => [key, mapPaths(text, paths)])),
    ...(job && { [partVariables.index]: String(job.index) }),
    ...machineVariables(root, paths),
    ...account.env,
  };
  return { identity, env, paths };
};

const commandOf = ({ command = [], args = [] }: Container): readonly string[] => [...command, ...args];

/** A command whose paths are those of the container, on this machine. */
export const inPlace = (argv: readonly string[], { paths }: Pick<Surroundings, 'paths'>): readonly string[] =>
  argv.map((argument) => mapPaths(argument, paths));

/**
 * Makes the volumes of a CronJob's pod, or of a Pod, ready to run commands on them.
 * @param job of which the pod is one of several. @default it is the only one
 */
export const startPod = async (cluster: Cluster, manifest: Manifest, job?: JobIndex): Promise<Pod> => {
  const { containers, initContainers = [] } = podSpec(manifest);
  const container = mustExist(containers[0], 'container');
  const { name } = manifest.metadata;
  const root = join(cluster.folder, 'pods', job ? `${name}-${job.index}` : name);
  await rm(root, { recursive: true, force: true });
  const surroundings = await prepare(cluster, manifest, container, root, job);
  const { identity, env } = surroundings;
  return {
    command: commandOf(container),
    userId: identity.uid ?? process.getuid?.() ?? 0,
    surroundings,
    initialize: async (signal) => {
      for (const first of initContainers) {
        const own = await prepare(cluster, manifest, first, join(root, first.name), job);
        // a volume that both mount is one folder
        const paths = { ...own.paths, ...surroundings.paths };
        await runProgram(inPlace(commandOf(first), { paths }), { ...identity, env: own.env, signal });
      }
    },
    exec: (argv, signal, more) =>
      runProgram(inPlace(argv, surroundings), { ...identity, env, signal, ...more }),
  };
};
