import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { install, passphrase, type Installation } from '../kit/installation.ts';
import { binDir } from '../kit/postgresql.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';

const root = join(import.meta.dirname, '../..');
const script = join(root, 'runtime/recovery/recover.sh');
const name = 'influxdb_20261129_141634.tar.gz.enc';

let installation: Installation;
let folder: string;
beforeAll(() => {
  folder = workFolder('parts-offline');
  writeFileSync(join(folder, 'key'), `${passphrase}\n`);
  installation = install(
    [
      {
        name: 'influxdb',
        engine: 'influxdb',
        connection: { host: '127.0.0.1' },
        secret: { name: 'influxdb' },
        parts: true,
      },
      {
        name: 'postgresql',
        engine: 'postgresql',
        connection: { host: '127.0.0.1', database: 'grill' },
        secret: { name: 'postgresql' },
        parts: true,
      },
    ],
    { influxdb: { 'admin-token': 'token' }, postgresql: { username: 'grill', password: 'secret' } },
  );
});
afterAll(async () => {
  await installation.dispose();
  await removeFolder(folder);
});

const archive = () => join(installation.backup, 'influxdb', name);
const partsFolder = () => join(installation.backup, 'parts/influxdb');
const renew = (): void => {
  rmSync(installation.backup, { recursive: true });
  cpSync(join(root, 'test/fixtures/parts'), installation.backup, { recursive: true });
};

/** The file of the first part: a shard. */
const shard = (): string => {
  const { parts } = JSON.parse(readFileSync(`${archive()}.manifest.json`, 'utf8')) as {
    parts: { id: string; entry: string }[];
  };
  return join(partsFolder(), `${parts[0]!.id}.gz.enc`);
};

const recover = (command: string, file: string, ...more: string[]): { code: number; text: string } => {
  try {
    const args = [script, command, file, '--key-file', join(folder, 'key'), ...more];
    const text = execFileSync('/bin/dash', args, {
      cwd: folder,
      env: { PATH: process.env['PATH'], TMPDIR: folder },
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return { code: 0, text };
  } catch (error) {
    const { status, stderr } = error as { status: number; stderr: string };
    return { code: status, text: stderr };
  }
};

test('an archive of parts is whole for the program and for the script', async () => {
  renew();
  const { code, json } = await installation.cli(['verify', 'influxdb', '--level', 'deep', '--json']);
  expect(json.results).toEqual([expect.objectContaining({ ok: true, level: 'deep' })]);
  expect(code).toBe(0);
  expect(recover('verify', archive()).code).toBe(0);
  const into = join(folder, 'extracted');
  mkdirSync(into);
  expect(recover('extract', archive(), '--into', into).code).toBe(0);
  const files = readdirSync(into, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  const { entries } = JSON.parse(readFileSync(`${archive()}.manifest.json`, 'utf8')) as {
    entries: { name: string }[];
  };
  expect(files.map((file) => join(file.parentPath, file.name).slice(into.length + 1)).toSorted()).toEqual(
    entries.map((entry) => entry.name).toSorted(),
  );
});

test('of PostgreSQL the script makes one dump of the pieces', async () => {
  renew();
  const { code, json } = await installation.cli(['verify', 'postgresql', '--level', 'deep', '--json']);
  expect(json.results).toEqual([expect.objectContaining({ ok: true, level: 'deep' })]);
  expect(code).toBe(0);
  const store = join(installation.backup, 'postgresql');
  const [found = ''] = readdirSync(store).filter((file) => file.endsWith('.enc'));
  const { entries } = JSON.parse(readFileSync(join(store, `${found}.manifest.json`), 'utf8')) as {
    entries: { name: string; bytes: number }[];
  };
  const pieces = entries.filter((entry) => entry.name.startsWith('grill.dump'));
  expect(pieces.map((entry) => entry.name)).toContain('grill.dump.000001');
  const into = join(folder, 'postgresql');
  expect(recover('extract', join(store, found), '--into', into).code).toBe(0);
  expect(readdirSync(into).toSorted()).toEqual(['database.json', 'grill.dump', 'roles.json']);
  const { size } = statSync(join(into, 'grill.dump'));
  expect(size).toBe(pieces.reduce((total, { bytes }) => total + bytes, 0));
  const listed = execFileSync(join(binDir, 'pg_restore'), ['--list', join(into, 'grill.dump')], {
    encoding: 'utf8',
  });
  expect(listed).toContain('TABLE DATA public readings');
});

test('show counts the parts of each table', async () => {
  renew();
  const { stdout } = await installation.cli(['show', 'postgresql']);
  expect(stdout).toMatch(
    /^ +of +parts +size +stored +of them new\n +public\.readings +1 +3\.4 MiB .* 1\n +large objects +1 .* 0$/m,
  );
  expect(stdout).not.toContain('grill.dump.000001');
});

test('weekly archives find their parts too', () => {
  renew();
  mkdirSync(join(installation.backup, 'influxdb/weekly'));
  for (const file of [name, `${name}.manifest.json`])
    cpSync(join(installation.backup, 'influxdb', file), join(installation.backup, 'influxdb/weekly', file));
  expect(recover('verify', join(installation.backup, 'influxdb/weekly', name)).code).toBe(0);
});

const harms: Readonly<Record<string, (file: string) => void>> = {
  'is gone': (file) => rmSync(file),
  'is cut': (file) => writeFileSync(file, readFileSync(file).subarray(0, -16)),
  'has a changed byte': (file) => {
    const bytes = readFileSync(file);
    bytes[100]! ^= 1;
    writeFileSync(file, bytes);
  },
  'is another part of the same length': (file) => {
    const others = readdirSync(partsFolder()).map((other) => join(partsFolder(), other));
    const twin = others.find(
      (other) => other !== file && readFileSync(other).length === readFileSync(file).length,
    );
    writeFileSync(file, readFileSync(twin ?? others.find((other) => other !== file)!));
  },
};

test.each(Object.entries(harms))('a part that %s is named, and nothing is extracted', async (_, harm) => {
  renew();
  const file = shard();
  harm(file);
  const key = file.slice(installation.backup.length + 1);
  const { json, code } = await installation.cli(['verify', 'influxdb', '--level', 'deep', '--json']);
  expect(code).not.toBe(0);
  expect(json.results).toEqual([
    expect.objectContaining({
      ok: false,
      problem: expect.objectContaining({ message: expect.stringContaining(key) }),
    }),
  ]);
  const into = join(folder, 'nothing');
  mkdirSync(into, { recursive: true });
  const { text, code: status } = recover('extract', archive(), '--into', into);
  expect(status).toBe(1);
  expect(text).toContain(`part ${key.split('/').at(-1)}`);
  expect(readdirSync(into)).toEqual([]);
});

test('check names the part and every archive that needs it, and brings it back from another store', async () => {
  renew();
  const file = shard();
  rmSync(file);
  const { json } = await installation.cli(['check', 'influxdb', '--json']);
  expect(json.findings).toContainEqual(
    expect.objectContaining({
      kind: 'part-missing',
      key: file.slice(installation.backup.length + 1),
      message: expect.stringContaining(`needed by influxdb/${name}`),
      repairable: false,
    }),
  );
});

test('a manifest in format 2 that lacks its parts, or one in format 1 that has some, is refused', () => {
  renew();
  const manifest = `${archive()}.manifest.json`;
  const text = readFileSync(manifest, 'utf8');
  writeFileSync(manifest, text.replace('"format": 2', '"format": 1'));
  expect(recover('verify', archive()).text).toContain('a field is missing or there twice');
  writeFileSync(manifest, text.replace(/ "notes": \{[^]*?\n \},\n/, ''));
  expect(recover('verify', archive()).text).toContain('a field is missing or there twice');
});
