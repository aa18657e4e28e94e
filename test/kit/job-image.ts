import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { programVersion } from '../../runtime/src/core/version.ts';
import { captureText } from './capture.ts';
import { buildah, containersFolder, mmdebstrap, podman } from './podman.ts';

const repository = join(import.meta.dirname, '../..');
const base = 'localhost/debian:bookworm-slim';
const builder = 'localhost/node:24-bookworm-slim';

const exists = (image: string): Promise<boolean> =>
  podman('image', 'exists', image).then(
    () => true,
    () => false,
  );

/** What debian:bookworm-slim holds, from Debian's packages: no registry is asked. */
const makeBase = async (): Promise<void> => {
  const tar = join(containersFolder, 'base.tar');
  const options = ['--variant=minbase', `--dpkgopt=${join(repository, 'runtime/image/dpkg.conf')}`];
  await mmdebstrap(...options, '--include=ca-certificates', 'bookworm', tar);
  await podman('import', tar, base);
  await rm(tar);
};

/** What the node image holds for the build: Node 24 of the lockfile, this machine's npm and its certificates. */
const makeBuilder = async (): Promise<void> => {
  const npm = await captureText('sh', ['-c', 'dirname "$(dirname "$(readlink -f "$(command -v npm)")")"']);
  const container = (await buildah('from', '--pull-never', base)).stdout.trim();
  const copy = (from: string, to: string) => buildah('copy', container, from, to);
  const certificates = '/etc/ssl/certs/build.crt';
  await copy(process.execPath, '/usr/local/bin/node');
  await copy(npm, '/usr/local/lib/node_modules/npm');
  await copy(process.env.NODE_EXTRA_CA_CERTS ?? '/etc/ssl/certs/ca-certificates.crt', certificates);
  await buildah('run', container, 'ln', '-s', '../lib/node_modules/npm/bin/npm-cli.js', '/usr/local/bin/npm');
  await buildah('config', '--env', `NODE_EXTRA_CA_CERTS=${certificates}`, container);
  await buildah('commit', '--rm', container, builder);
};

/** One line instead of what follows from it. */
const requireContainers = async (): Promise<void> => {
  try {
    await podman('run', '--rm', '--network', 'host', base, 'true');
  } catch (error) {
    throw new Error(`containers cannot run here: ${(error as Error).message.split('\n').at(-1)}`, {
      cause: error,
    });
  }
};

/** Without the digest, which names an image of the registry. */
export const localName = (image: string): string => image.split('@', 1)[0]!;

/** Builds `runtime/Dockerfile` under the name that the manifests carry. Layers are kept: delete .work/containers for a build from nothing. */
export const buildJobImage = async (image: string): Promise<void> => {
  if (!(await exists(base))) await makeBase();
  await podman('rm', '--all', '--force', '--time', '0'); // left by a run that was killed
  await requireContainers();
  if (!(await exists(builder))) await makeBuilder();
  const settings = {
    BASE_IMAGE: base,
    NODE_IMAGE: builder,
    POSTGRESQL_MAJORS: '15',
    VERSION: programVersion,
  };
  const file = join(repository, 'runtime/Dockerfile');
  const args = Object.entries(settings).flatMap(([name, value]) => ['--build-arg', `${name}=${value}`]);
  await buildah(
    'bud',
    '--layers',
    '--pull-never',
    '--file',
    file,
    ...args,
    '--tag',
    localName(image),
    repository,
  );
};
