import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runProgram, type Output } from '../../demo/program.ts';

/** Images and settings of the tests' own, so that those of the machine neither matter nor change. */
export const containersFolder = join(import.meta.dirname, '../../.work/containers');

const files = {
  /** No systemd, no journal, and limits that root may set without CAP_SYS_RESOURCE. */
  'containers.conf': `[containers]
default_ulimits = ["nofile=20000:20000", "nproc=4096:4096"]
[engine]
runtime = "runc"
cgroup_manager = "cgroupfs"
events_logger = "file"
`,
  'storage.conf': `[storage]
driver = "overlay"
graphroot = "${containersFolder}/storage"
runroot = "${containersFolder}/run"
`,
} as const;

const env = {
  ...(process.env as Readonly<Record<string, string>>),
  CONTAINERS_CONF: join(containersFolder, 'containers.conf'),
  CONTAINERS_STORAGE_CONF: join(containersFolder, 'storage.conf'),
  BUILDAH_ISOLATION: 'chroot',
};

const signal = new AbortController().signal;

/** Runs a program on the tests' own images. @throws Error with the end of what it printed, unless it exits with 0 */
const onImages =
  (program: string) =>
  async (...args: readonly string[]): Promise<Output> => {
    await mkdir(containersFolder, { recursive: true });
    for (const [name, text] of Object.entries(files)) await writeFile(join(containersFolder, name), text);
    return runProgram([program, ...args], { env, signal });
  };

export const podman = onImages('podman');
export const buildah = onImages('buildah');
export const mmdebstrap = onImages('mmdebstrap');
