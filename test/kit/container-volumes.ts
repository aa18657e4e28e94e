import { chmod, chown, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { IPodSpec } from 'kubernetes-models/v1';
import type { Cluster } from '../../demo/pod/cluster.ts';
import { contentOf } from '../../demo/pod/volumes.ts';

type Volume = NonNullable<IPodSpec['volumes']>[number];

/** Volumes belong to root and to the pod's group, as a kubelet makes them; only claims and scratch can be written to. */
const folderMode = ({ persistentVolumeClaim, emptyDir }: Volume): number =>
  persistentVolumeClaim || emptyDir ? 0o2770 : 0o750;

const makeFolder = async (path: string, mode: number, group: number): Promise<void> => {
  await mkdir(path, { recursive: true });
  await chown(path, 0, group);
  await chmod(path, mode);
};

/** Makes a volume's folder on this machine. A claim lasts; all else is made anew for each pod. */
const makeVolume = async (cluster: Cluster, root: string, volume: Volume, group: number): Promise<string> => {
  const content = contentOf(cluster, volume);
  const path = 'claim' in content ? join(cluster.folder, content.claim) : join(root, volume.name);
  await makeFolder(path, folderMode(volume), group);
  if ('claim' in content) return path;
  for (const [name, text] of Object.entries(content.files)) {
    await writeFile(join(path, name), text);
    await chown(join(path, name), 0, group);
    await chmod(join(path, name), content.mode);
  }
  return path;
};

/** `--volume` arguments for all that the container of a pod mounts; its own folders are made below `root`. */
export const volumeArgs = async (
  cluster: Cluster,
  root: string,
  spec: IPodSpec,
): Promise<readonly string[]> => {
  const args: string[] = [];
  for (const { name, mountPath, readOnly } of spec.containers[0]!.volumeMounts!) {
    const volume = spec.volumes!.find((candidate) => candidate.name === name)!;
    const path = await makeVolume(cluster, root, volume, spec.securityContext!.fsGroup!);
    args.push('--volume', `${path}:${mountPath}${readOnly ? ':ro' : ''}`);
  }
  return args;
};
