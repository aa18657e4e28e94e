import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { removeFolder, workFolder } from '../kit/private-server.ts';

// The constructs as somebody else gets them: packed, installed beside cdk8s in an empty project, used by its README alone.

const root = join(import.meta.dirname, '../..');
const { dependencies, devDependencies, version } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
) as Record<'dependencies' | 'devDependencies', Record<string, string>> & { version: string };
const minuteMs = 60_000;

const project = workFolder('library');
const call = async (folder: string, program: string, ...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(program, args, { cwd: folder, maxBuffer: 1 << 26 });
  return stdout;
};
const installed = (name: string): string => `${name}@${{ ...dependencies, ...devDependencies }[name]!}`;

beforeAll(async () => {
  await call(root, 'npm', 'run', '--silent', 'build');
  await call(project, 'npm', 'pack', '--silent', join(root, '.work/library'));
  writeFileSync(join(project, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarball = `./grill-stats-backup-constructs-${version}.tgz`;
  const beside = ['cdk8s', 'cdk8s-plus-28', 'constructs', 'cdk8s-cli', 'typescript'].map(installed);
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  await call(project, 'npm', 'install', ...options, tarball, ...beside);
  const example = readFileSync(join(root, 'examples/two-databases/main.ts'), 'utf8');
  writeFileSync(
    join(project, 'main.ts'),
    example.replace('../../src/index.ts', 'grill-stats-backup-constructs'),
  );
}, 10 * minuteMs);
afterAll(() => removeFolder(project));

test('synthesizes the example by the CLI of cdk8s, as the program in this repository does', async () => {
  await call(project, 'npx', '--no-install', 'cdk8s', 'synth', '--app', 'node main.ts');
  const own = join(project, 'own');
  mkdirSync(own);
  const env = { ...process.env, CDK8S_OUTDIR: own };
  await promisify(execFile)('node', [join(root, 'examples/two-databases/main.ts')], { env });
  const texts = (folder: string) =>
    readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]);
  expect(texts(join(project, 'dist'))).toEqual(texts(own));
});

test('has types that check without skipLibCheck, and that refuse a wrong prop', async () => {
  const compilerOptions = { target: 'es2024', module: 'nodenext', strict: true, noEmit: true, types: [] };
  const example = readFileSync(join(project, 'main.ts'), 'utf8');
  writeFileSync(join(project, 'wrong.ts'), example.replace("engine: 'postgresql'", 'engine: 7'));
  const files = ['main.ts', 'wrong.ts'];
  writeFileSync(join(project, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
  const checked = await call(project, 'npx', '--no-install', 'tsc').catch(
    (error: { stdout: string }) => error.stdout,
  );
  expect(checked.match(/^\S.*error TS.*/gm)).toEqual([
    expect.stringMatching(/^wrong\.ts.*TS2322.*'number' is not assignable to type 'string'/),
  ]);
});

test('brings its page, its license, and nothing of the deployment', async () => {
  const folder = join(project, 'node_modules/grill-stats-backup-constructs');
  expect(readFileSync(join(folder, 'README.md'), 'utf8')).toBe(
    readFileSync(join(root, 'docs/how-to/library.md'), 'utf8'),
  );
  expect(readFileSync(join(folder, 'LICENSE'), 'utf8')).toContain('MIT');
  expect(readdirSync(join(project, 'node_modules'))).not.toContain('@pulumi');
});
