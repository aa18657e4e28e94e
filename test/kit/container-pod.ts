import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import type { IPodSpec } from 'kubernetes-models/v1';
import { podSpec, type Cluster, type Manifest } from '../../demo/pod/cluster.ts';
import { environmentOf } from '../../demo/pod/env.ts';
import type { Output } from '../../demo/program.ts';
import { securityArgs } from './container-security.ts';
import { volumeArgs } from './container-volumes.ts';
import { localName } from './job-image.ts';
import { podman } from './podman.ts';

/** What containers see of their cluster. */
export interface ContainerCluster extends Cluster {
  /** Host name → address. */
  readonly hosts: Readonly<Record<string, string>>;
}

/** A pod of the manifests in a container. */
export interface ContainerPod {
  /** As `kubectl exec` does. */
  readonly exec: (...argv: readonly string[]) => Promise<Output>;
  readonly stop: () => Promise<void>;
}

type Container = IPodSpec['containers'][number];

export interface PodOptions {
  /** @default the manifest's */
  readonly command?: string[];
  /** `host` reaches the databases, `none` nothing but itself. @default host */
  readonly network?: 'host' | 'none';
}

const commandArgs = ({ command = [], args = [], image }: Container): readonly string[] => {
  const [program, ...rest] = command;
  return [
    ...(program ? ['--entrypoint', JSON.stringify([program])] : []),
    localName(image!),
    ...rest,
    ...args,
  ];
};

const runArgs = async (
  cluster: ContainerCluster,
  manifest: Manifest,
  { network = 'host', ...change }: PodOptions,
): Promise<readonly string[]> => {
  const spec = podSpec(manifest);
  const container = { ...spec.containers[0]!, ...change };
  const { name, namespace = 'default' } = manifest.metadata;
  const fields = { 'metadata.name': name, 'metadata.namespace': namespace };
  const env = Object.entries(environmentOf(cluster, fields, container));
  return [
    '--pull',
    'never',
    '--network',
    network,
    ...Object.entries(cluster.hosts).flatMap(([host, address]) => ['--add-host', `${host}:${address}`]),
    ...env.flatMap(([variable, value]) => ['--env', `${variable}=${value}`]),
    ...securityArgs(spec),
    ...(await volumeArgs(cluster, join(cluster.folder, `${name}-${randomUUID()}`), spec)),
    ...commandArgs(container),
  ];
};

/** Runs a pod to its end. @throws Error unless it exits with 0 */
export const runPod = async (
  cluster: ContainerCluster,
  manifest: Manifest,
  options: PodOptions = {},
): Promise<Output> => podman('run', '--rm', ...(await runArgs(cluster, manifest, options)));

/** Starts a pod that goes on. */
export const startPod = async (
  cluster: ContainerCluster,
  manifest: Manifest,
  options: PodOptions = {},
): Promise<ContainerPod> => {
  const { stdout } = await podman('run', '--detach', ...(await runArgs(cluster, manifest, options)));
  const id = stdout.trim();
  return {
    exec: (...argv) => podman('exec', id, ...argv),
    stop: async () => void (await podman('rm', '--force', '--time', '0', id)),
  };
};
