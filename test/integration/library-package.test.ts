import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { masked, runProgram } from '../kit/pulumi-engine.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';

// The constructs as somebody else gets them: packed, installed beside cdk8s in an empty project, used by its README alone.

const root = join(import.meta.dirname, '../..');
const { dependencies, devDependencies, version } = JSON.parse(
  readFileSync(join(root, 'package.json'), 'utf8'),
) as Record<'dependencies' | 'devDependencies', Record<string, string>> & { version: string };
const minuteMs = 60_000;

const project = workFolder('library');
/** Somebody's own Pulumi program. */
const program = workFolder('pulumi-program');
const call = async (folder: string, program: string, ...args: readonly string[]): Promise<string> => {
  const { stdout } = await promisify(execFile)(program, args, { cwd: folder, maxBuffer: 1 << 26 });
  return stdout;
};
const installed = (name: string): string => `${name}@${{ ...dependencies, ...devDependencies }[name]!}`;

const constructs = ['cdk8s', 'cdk8s-plus-28', 'constructs'];

/** An empty project with the package and what its user installs beside it. */
const install = (folder: string, ...beside: readonly string[]): Promise<string> => {
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true, type: 'module' }));
  const tarball = join(project, `grill-stats-backup-constructs-${version}.tgz`);
  const options = ['--ignore-scripts', '--no-audit', '--no-fund', '--prefer-offline'];
  return call(folder, 'npm', 'install', ...options, tarball, ...beside.map(installed));
};

/** A file of an example as somebody outside of this repository writes it. */
const exampleFile = (name: string): string =>
  readFileSync(join(root, 'examples', name), 'utf8')
    .replace('../../src/index.ts', 'grill-stats-backup-constructs')
    .replace('../../src/pulumi/component.ts', 'grill-stats-backup-constructs/pulumi');

beforeAll(async () => {
  const library = join(project, 'library'); // one of its own: a test of the release builds beside it
  await call(root, 'npm', 'run', '--silent', 'build', '--', library);
  await call(project, 'npm', 'pack', '--silent', library);
  await install(project, ...constructs, 'cdk8s-cli', 'typescript');
  writeFileSync(join(project, 'main.ts'), exampleFile('two-databases/main.ts'));
}, 10 * minuteMs);
afterAll(() => Promise.all([project, program].map(removeFolder)));

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

describe('the Pulumi component in a program of somebody else', () => {
  beforeAll(async () => {
    const pulumi = ['@pulumi/pulumi', '@pulumi/kubernetes', '@pulumi/aws'];
    await install(program, ...constructs, ...pulumi, 'typescript', '@types/node');
    for (const file of ['program.ts', 'deploy.ts'])
      writeFileSync(join(program, file), exampleFile(`pulumi-program/${file}`));
  }, 10 * minuteMs);

  const run = (secrets: Readonly<Record<string, string>>) =>
    runProgram({
      folder: program,
      file: join(program, 'program.ts'),
      project: 'orders-backups',
      stack: 'live',
      config: secrets,
      secretKeys: Object.keys(secrets),
      outputsOf: ({ type, name }) => (type.startsWith('aws:') ? { arn: `arn:test:${name}` } : {}),
    });

  test(
    'registers everything below itself, and hands its outputs to the program',
    async () => {
      const passphrase = 'p@ssphrase of orders';
      const { errors, warnings, resources, outputs } = await run({
        'orders-backups:encryption-key': passphrase,
      });
      expect([errors, warnings]).toEqual(['', '']);
      expect(resources.filter(({ parent }) => !parent).map(({ type }) => type)).toEqual([
        'pulumi:pulumi:Stack',
      ]);
      const [component] = resources.filter(({ type }) => type === 'grill-stats:Backup');
      const kinds = resources.filter(({ parent }) => parent === component!.urn).map(({ type }) => type);
      expect(kinds).toEqual(
        expect.arrayContaining([
          'kubernetes:batch/v1:CronJob',
          'kubernetes:core/v1:Secret',
          'grill-stats:AwsStore',
        ]),
      );
      expect(resources.find(({ type }) => type === 'kubernetes:core/v1:Secret')).toMatchObject({
        name: 'orders:orders-data/backup-encryption-secret',
        inputs: { stringData: masked },
        secrets: [{ 'encryption-key': passphrase }],
      });
      expect(outputs).toEqual({
        bucket: 'orders-backups',
        role: 'arn:test:orders:backup',
        schedules: expect.objectContaining({ 'backup-drill': expect.any(String) }),
      });
    },
    2 * minuteMs,
  );

  test(
    'has types that check, and that refuse a wrong prop and a foreign provider',
    async () => {
      const compilerOptions = {
        target: 'es2024',
        module: 'nodenext',
        strict: true,
        noEmit: true,
        types: ['node'],
        skipLibCheck: true, // those of Pulumi do not
        allowImportingTsExtensions: true,
      };
      const text = exampleFile('pulumi-program/program.ts');
      writeFileSync(join(program, 'wrong.ts'), text.replace("size: '50Gi'", 'size: 50'));
      writeFileSync(
        join(program, 'foreign.ts'),
        text.replace(/\n {2}\}\);\n/, '\n  }, { provider: undefined });\n'),
      );
      const files = ['program.ts', 'deploy.ts', 'wrong.ts', 'foreign.ts'];
      writeFileSync(join(program, 'tsconfig.json'), JSON.stringify({ compilerOptions, files }));
      const checked = await call(program, 'npx', '--no-install', 'tsc').catch(
        (error: { stdout: string }) => error.stdout,
      );
      expect(checked.match(/^\S.*error TS.*/gm)).toEqual([
        expect.stringMatching(/^foreign\.ts.*TS2353.*'provider' does not exist/),
        expect.stringMatching(/^wrong\.ts.*TS2322.*'number' is not assignable to type 'string'/),
      ]);
    },
    2 * minuteMs,
  );
});
