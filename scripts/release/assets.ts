import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { environmentFiles, readEnvironment } from '../../src/environment/environment.ts';
import { readEnvironments, synthesizeManifests, writeFiles } from '../../src/synth/manifests.ts';
import { withImage } from './image.ts';

// `npm run release:assets -- 0.3.0 sha256:…` makes the files of a release in .work/release: docs/how-to/releasing.md.

const root = dirname(dirname(import.meta.dirname));
const folder = join(root, '.work/release');
const run = (program: string, ...args: readonly string[]): void => {
  execFileSync(program, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
};

/** The environment files as they are, but with the image of this release. */
const released = (version: string, digest: string): string => {
  const copies = join(root, '.work/released-environments');
  rmSync(copies, { recursive: true, force: true });
  mkdirSync(copies, { recursive: true });
  for (const file of environmentFiles(root))
    writeFileSync(join(copies, basename(file)), withImage(readFileSync(file, 'utf8'), version, digest));
  return copies;
};

/** The same bytes for the same content, whoever makes it. */
const tar = (archive: string, parent: string, name: string): void =>
  run('tar', '--sort=name', '--mtime=@0', '--owner=0', '--group=0', '--numeric-owner', '--mode=u=rwX,go=rX',
    '--use-compress-program=gzip -n', '--create', '--file', archive, '--directory', parent, name); // prettier-ignore

const makeManifests = (version: string, environments: string): void => {
  const name = `manifests-${version}`;
  const parent = join(root, '.work/released-manifests');
  rmSync(parent, { recursive: true, force: true });
  mkdirSync(join(parent, name), { recursive: true });
  writeFiles(join(parent, name), synthesizeManifests(readEnvironments(environments)));
  tar(join(folder, `${name}.tar.gz`), parent, name);
};

const makeImageName = (environments: string, version: string, digest: string): void => {
  const [first = ''] = environmentFiles(environments);
  const { repository } = readEnvironment(first).image;
  writeFileSync(join(folder, 'image.txt'), `${repository}:${version}@${digest}\n`);
};

const makeChecksums = (): void => {
  const lines = readdirSync(folder)
    .sort()
    .map(
      (name) =>
        `${createHash('sha256')
          .update(readFileSync(join(folder, name)))
          .digest('hex')}  ${name}\n`,
    );
  writeFileSync(join(folder, 'SHA256SUMS'), lines.join(''));
};

const [version, digest] = process.argv.slice(2);
if (!version || !digest) throw new Error('usage: npm run release:assets -- <version> <digest>');
rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
const environments = released(version, digest);
makeManifests(version, environments);
makeImageName(environments, version, digest);
run('npm', 'run', '--silent', 'build');
run('npm', 'pack', '--silent', './.work/library', '--pack-destination', folder);
for (const file of ['recovery/recover.sh', 'FORMAT.md'])
  copyFileSync(join(root, 'runtime', file), join(folder, basename(file)));
makeChecksums();
