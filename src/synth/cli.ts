import { join } from 'node:path';
import { isBackupError } from '../../runtime/src/core/errors.ts';
import {
  readEnvironments,
  staleFiles,
  synthesizeDashboards,
  synthesizeManifests,
  writeFiles,
  type Files,
} from './manifests.ts';

// `node src/synth/cli.ts` writes manifests/ and dashboards/json/; with --check it only says which files are stale.

const root = join(import.meta.dirname, '../..');

/** What is written, and where. The cdk8s CLI says where it expects the manifests. */
const outputs = [
  {
    name: 'manifests',
    folder: process.env['CDK8S_OUTDIR'] ?? join(root, 'manifests'),
    make: synthesizeManifests,
  },
  { name: 'dashboards/json', folder: join(root, 'dashboards/json'), make: synthesizeDashboards },
];

const fail = (message: string): void => {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
};

type Made = Omit<(typeof outputs)[number], 'make'> & { readonly files: Files };

const check = (made: readonly Made[]): void => {
  const stale = made.flatMap(({ name, folder, files }) =>
    staleFiles(folder, files).map((path) => `  ${name}/${path}`),
  );
  if (stale.length) fail(['stale manifests, run npm run synth and commit:', ...stale].join('\n'));
};

try {
  const environments = readEnvironments(root);
  const made = outputs.map(({ make, ...output }) => ({ ...output, files: make(environments) }));
  if (process.argv.includes('--check')) check(made);
  else for (const { folder, files } of made) writeFiles(folder, files);
} catch (error) {
  if (!isBackupError(error)) throw error;
  fail(`${error.message}\nhint: ${error.hint}`);
}
