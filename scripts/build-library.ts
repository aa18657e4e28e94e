import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

// Builds the constructs as a package that Node takes from node_modules, where it strips no types: docs/how-to/library.md.
// `npm run build` writes .work/library, or the folder that it is given; `npm pack` of it makes the tarball of a release.

interface Manifest {
  readonly version: string;
  readonly license: string;
  readonly dependencies: Readonly<Record<string, string>>;
}

const root = join(import.meta.dirname, '..');
const { 2: folder = join(root, '.work/library') } = process.argv;
const { version, license, dependencies } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
) as Manifest;

/** The application's constructs must be ours: `instanceof` and the construct tree need one copy of each. */
const peers = ['cdk8s', 'cdk8s-plus-28', 'constructs'];
/** Needed by whoever uses the Pulumi component, and by nobody else. */
const isPulumi = (name: string): boolean => name.startsWith('@pulumi/');
const isPeer = (name: string): boolean => peers.includes(name) || isPulumi(name);

const pick = (wanted: (name: string) => boolean, prefix = ''): Readonly<Record<string, string>> =>
  Object.fromEntries(
    Object.entries(dependencies).flatMap(([name, found]) => (wanted(name) ? [[name, prefix + found]] : [])),
  );

const entry = (file: string) => ({ types: `./${file}.d.ts`, default: `./${file}.js` });

const manifest = {
  name: 'grill-stats-backup-constructs',
  version,
  description: 'cdk8s constructs that make every Kubernetes object of a database backup system',
  license,
  type: 'module',
  // Oldest that runs it: the code uses iterator helpers.
  engines: { node: '>=22' },
  exports: { '.': entry('src/index'), './pulumi': entry('src/pulumi/component') },
  dependencies: pick((name) => !isPeer(name)),
  peerDependencies: pick(isPeer, '^'),
  peerDependenciesMeta: Object.fromEntries(
    Object.keys(pick(isPulumi)).map((name) => [name, { optional: true }]),
  ),
};

rmSync(folder, { recursive: true, force: true });
mkdirSync(folder, { recursive: true });
execFileSync('tsc', ['--project', join(root, 'tsconfig.build.json'), '--outDir', folder], {
  stdio: 'inherit',
});
writeFileSync(join(folder, 'package.json'), `${JSON.stringify(manifest, null, 2)}\n`);
copyFileSync(join(root, 'docs/how-to/library.md'), join(folder, 'README.md'));
copyFileSync(join(root, 'LICENSE'), join(folder, 'LICENSE'));
