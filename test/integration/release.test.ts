import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from '@jest/globals';

// The files of a release, made as the workflow makes them.

const root = join(import.meta.dirname, '../..');
const assets = join(root, '.work/release');
const digest = `sha256:${'12'.repeat(32)}`;
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const call = async (program: string, ...args: readonly string[]): Promise<string> =>
  (await promisify(execFile)(program, args, { cwd: root, maxBuffer: 1 << 26 })).stdout;
const read = (name: string): string => readFileSync(join(assets, name), 'utf8');

beforeAll(() => call('npm', 'run', '--silent', 'release:assets', '--', version, digest), 300_000);

test('has the package, the manifests, the recovery script with its format, and the image', () => {
  expect(readdirSync(assets).sort()).toEqual([
    'FORMAT.md',
    'SHA256SUMS',
    `grill-stats-backup-constructs-${version}.tgz`,
    'image.txt',
    `manifests-${version}.tar.gz`,
    'recover.sh',
  ]);
  expect(read('recover.sh')).toBe(readFileSync(join(root, 'runtime/recovery/recover.sh'), 'utf8'));
  expect(read('image.txt')).toBe(`ghcr.io/lordmuffin/grill-stats-backup:${version}@${digest}\n`);
});

test('has the manifests of every environment, with this very image', async () => {
  const archive = join(assets, `manifests-${version}.tar.gz`);
  const names = (await call('tar', '--list', '--file', archive)).split('\n');
  const committed = readdirSync(join(root, 'manifests'), { recursive: true, encoding: 'utf8' });
  for (const name of committed.filter((path) => path.endsWith('.yaml')))
    expect(names).toContain(`manifests-${version}/${name}`);
  const text = await call(
    'tar',
    '--extract',
    '--to-stdout',
    '--file',
    archive,
    `manifests-${version}/prod/cron-jobs.yaml`,
  );
  const images = text.match(/(?<=image: ).*/g)!;
  expect(images.length).toBeGreaterThan(3);
  expect(new Set(images)).toEqual(new Set([`ghcr.io/lordmuffin/grill-stats-backup:${version}@${digest}`]));
});

test('has checksums of all files', async () => {
  expect(read('SHA256SUMS').trim().split('\n')).toHaveLength(5);
  await promisify(execFile)('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: assets });
});

test('leaves the environment files of the repository alone', () => {
  expect(readFileSync(join(root, 'Pulumi.prod.yaml'), 'utf8')).not.toContain(digest);
});
