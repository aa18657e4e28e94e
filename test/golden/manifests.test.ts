import { execFile } from 'node:child_process';
import { cpSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { load, loadAll } from 'js-yaml';
import { names } from '../../runtime/src/contract/names.ts';
import { readEnvironments, staleFiles, synthesizeDashboards, synthesizeManifests, writeFiles } from '../../src/synth/manifests.ts';
import { environmentNames, root } from '../kit/environments.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';

const committed = join(root, 'manifests');
const fresh = synthesizeManifests(readEnvironments(root));

test('the committed manifests are what the environments say; npm run synth updates them', () => {
  expect(staleFiles(committed, fresh)).toEqual([]);
});

test('the committed dashboards are what the environments say; npm run synth updates them', () => {
  const dashboards = synthesizeDashboards(readEnvironments(root));
  expect([...dashboards.keys()]).toContain('prod/backup-monitoring.json');
  expect(staleFiles(join(root, 'dashboards/json'), dashboards)).toEqual([]);
});

test('synthesis is byte-identical twice', () => {
  expect([...synthesizeManifests(readEnvironments(root))]).toEqual([...fresh]);
});

describe.each(environmentNames)('manifests/%s', (environment) => {
  const filesOf = () => [...fresh.keys()].filter((path) => path.startsWith(`${environment}/`)).map((path) => path.split('/')[1]!);
  const kustomization = load(fresh.get(`${environment}/kustomization.yaml`)!) as { resources: string[] };

  test('the kustomization lists exactly the files, without the restore pod', () => {
    const applied = filesOf().filter((file) => !['kustomization.yaml', `${names.restorePod}.yaml`].includes(file));
    expect([...kustomization.resources].sort()).toEqual(applied.sort());
  });

  test('no apiVersion, kind, namespace and name occur twice', () => {
    const keys = filesOf()
      .filter((file) => file !== 'kustomization.yaml')
      .flatMap((file) => loadAll(fresh.get(`${environment}/${file}`)!) as { apiVersion: string; kind: string; metadata: Record<string, string> }[])
      .map(({ apiVersion, kind, metadata }) => [apiVersion, kind, metadata['namespace'], metadata['name']].join('/'));
    expect(keys.length).toBeGreaterThan(25);
    expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
  });
});

describe('npm run synth', () => {
  const run = promisify(execFile);
  const folder = workFolder('synth');
  const synth = (...args: string[]) =>
    run(process.execPath, ['src/synth/cli.ts', ...args], { cwd: root, env: { ...process.env, NODE_OPTIONS: '', CDK8S_OUTDIR: folder } });

  beforeAll(() => cpSync(committed, folder, { recursive: true }));
  afterAll(() => removeFolder(folder));

  test('--check is quiet about fresh manifests', async () => {
    await expect(synth('--check')).resolves.toMatchObject({ stdout: '', stderr: '' });
  });

  test('--check lists what changed, is missing, or was left over, and writes nothing', async () => {
    writeFileSync(join(folder, 'dev/storage.yaml'), 'edited by hand\n');
    rmSync(join(folder, 'prod/alerts.yaml'));
    writeFileSync(join(folder, 'prod/retired.yaml'), 'left over\n');
    const stderr = 'stale manifests, run npm run synth and commit:\n  manifests/dev/storage.yaml\n  manifests/prod/alerts.yaml\n  manifests/prod/retired.yaml\n';
    await expect(synth('--check')).rejects.toMatchObject({ code: 2, stderr });
    expect(staleFiles(folder, fresh)).toEqual(['dev/storage.yaml', 'prod/alerts.yaml', 'prod/retired.yaml']);
  });

  test('brings all of them up to date', async () => {
    await synth();
    expect(staleFiles(folder, fresh)).toEqual([]);
  });

  test('cdk8s synth writes the same', async () => {
    await run(join(root, 'node_modules/.bin/cdk8s'), ['synth', '--output', folder, '--no-check-upgrade'], { cwd: root });
    expect(staleFiles(folder, fresh)).toEqual([]);
  });

  test('a folder without manifests gets them all', async () => {
    rmSync(folder, { recursive: true });
    writeFiles(folder, fresh);
    expect(staleFiles(folder, fresh)).toEqual([]);
  });
});
