import { dirname, join } from 'node:path';
import { isBackupError } from '../runtime/src/core/errors.ts';
import { staleManifests, synthesizeManifests, writeManifests, type Files } from './manifests.ts';

// `node src/synth.ts` writes manifests/; with --check it only says which files are stale.

const root = dirname(import.meta.dirname);

/** The cdk8s CLI says where it expects the manifests. */
const output = process.env['CDK8S_OUTDIR'] ?? join(root, 'manifests');

const fail = (message: string): void => {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
};

const check = (files: Files): void => {
  const stale = staleManifests(output, files);
  if (stale.length)
    fail(
      ['stale manifests, run npm run synth and commit:', ...stale.map((path) => `  manifests/${path}`)].join(
        '\n',
      ),
    );
};

try {
  const files = synthesizeManifests(root);
  if (process.argv.includes('--check')) check(files);
  else writeManifests(output, files);
} catch (error) {
  if (!isBackupError(error)) throw error;
  fail(`${error.message}\nhint: ${error.hint}`);
}
