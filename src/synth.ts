import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isBackupError } from '../runtime/src/core/errors.ts';
import { synthesize } from './constructs/backup-system.ts';
import { environmentFiles, readEnvironment } from './environment.ts';
import { manifestFiles, type Files } from './manifests.ts';

const root = dirname(import.meta.dirname);

/** The cdk8s CLI says where it expects the manifests. */
const output = process.env['CDK8S_OUTDIR'] ?? join(root, 'manifests');

const synthesizeAll = (): Files =>
  new Map(
    environmentFiles(root)
      .map(readEnvironment)
      .flatMap((environment) => [...manifestFiles(environment.environment, synthesize(environment))]),
  );

const committed = (): readonly string[] =>
  readdirSync(output, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.yaml'));

const textOf = (path: string): string | undefined => {
  try {
    return readFileSync(join(output, path), 'utf8');
  } catch {
    return undefined;
  }
};

/** Manifests that are not what the environments say: changed, missing, or left over. */
const staleFiles = (files: Files): readonly string[] => [
  ...[...files].filter(([path, text]) => textOf(path) !== text).map(([path]) => path),
  ...committed().filter((path) => !files.has(path)),
];

const write = (files: Files): void => {
  mkdirSync(output, { recursive: true });
  for (const path of committed()) if (!files.has(path)) rmSync(join(output, path));
  for (const [path, text] of files) {
    mkdirSync(dirname(join(output, path)), { recursive: true });
    writeFileSync(join(output, path), text);
  }
};

const fail = (message: string): void => {
  process.stderr.write(`${message}\n`);
  process.exitCode = 2;
};

const check = (files: Files): void => {
  const stale = staleFiles(files);
  if (stale.length)
    fail(
      `stale manifests; run npm run synth and commit:\n${stale.map((path) => `  manifests/${path}`).join('\n')}`,
    );
};

try {
  const files = synthesizeAll();
  if (process.argv.includes('--check')) check(files);
  else write(files);
} catch (error) {
  if (!isBackupError(error)) throw error;
  fail(`${error.message}\nhint: ${error.hint}`);
}
