import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeEach, describe, expect, test } from '@jest/globals';
import { passphrase } from '../kit/installation.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';
import { until } from '../kit/until.ts';

const root = join(import.meta.dirname, '../..');
const script = join(root, 'runtime/recovery/recover.sh');
const fixtures = join(root, 'test/fixtures/archives');
const name = 'redis_20261122_183425.tar.gz.enc';

const folder = workFolder('offline-hostile');
const place = join(folder, 'store');
const archive = join(place, name);
const manifest = `${archive}.manifest.json`;
const keyFile = join(folder, 'passphrase');
const tools = join(folder, 'tools');

beforeEach(() => {
  for (const each of [place, tools]) {
    rmSync(each, { recursive: true, force: true });
    mkdirSync(each);
  }
  cpSync(fixtures, place, { recursive: true });
  writeFileSync(keyFile, `${passphrase}\n`);
});

afterAll(() => removeFolder(folder));

interface Outcome {
  readonly code: number | null;
  readonly stderr: string;
}

const start = (args: readonly string[], shell: readonly string[] = ['sh']) => {
  const [program, ...more] = [...shell, script, ...args];
  return spawn(program!, more, {
    cwd: place,
    env: { PATH: `${tools}:${process.env['PATH']}`, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
    detached: true,
  });
};

/** Runs the script where the store is, and looks that it leaves nothing behind. */
const recover = async (args: readonly string[], shell?: readonly string[]): Promise<Outcome> => {
  const child = start(args, shell);
  let stderr = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const [code] = (await once(child, 'close')) as [number | null];
  expect(readdirSync(folder).filter((file) => file.startsWith('grill-recover'))).toEqual([]);
  return { code, stderr };
};

const verify = (file = name): Promise<Outcome> => recover(['verify', file, '--key-file', keyFile]);

const extract = async (shell?: readonly string[]): Promise<string> => {
  const into = join(folder, 'into');
  rmSync(into, { recursive: true, force: true });
  const { code, stderr } = await recover(['extract', name, '--key-file', keyFile, '--into', into], shell);
  expect([code, stderr]).toEqual([0, expect.stringContaining('extracted into')]);
  expect(readdirSync(into)).toEqual(['dump.rdb']);
  return readFileSync(join(into, 'dump.rdb'), 'latin1');
};

const shim = (program: string, text: string): void =>
  writeFileSync(join(tools, program), `#!/bin/sh\n${text}\n`, { mode: 0o755 });

const pathOf = (program: string): string => execFileSync('which', [program], { encoding: 'utf8' }).trim();

describe('a forger without the passphrase', () => {
  test('puts a document of his own before the authentic one', async () => {
    const altered = readFileSync(archive);
    altered[100]! ^= 1;
    writeFileSync(archive, altered);
    const sha256 = execFileSync('sha256sum', [archive], { encoding: 'utf8' }).slice(0, 64);
    const own = {
      archive: name,
      format: 1,
      archiveBytes: 368,
      startedAt: '2099-01-01T02:00:00.000Z',
      seal: { sha256 },
    };
    writeFileSync(manifest, `${JSON.stringify(own)}\n${readFileSync(manifest, 'utf8')}`);
    const { code, stderr } = await verify();
    expect([code, stderr]).toEqual([
      1,
      expect.stringMatching(/^error: the manifest cannot be read: line 1: /),
    ]);
  });

  test('asks for 10^12 rounds, which nobody computes', async () => {
    writeFileSync(manifest, readFileSync(manifest, 'utf8').replace('100000', '1000000000000'));
    shim('python3', 'touch "$TMPDIR/derived"');
    expect((await verify()).stderr).toContain('a value that does not belong there');
    expect(existsSync(join(folder, 'derived'))).toBe(false);
  });

  test('writes a key of a million escapes, and a line of 60 MiB', async () => {
    const authentic = readFileSync(manifest, 'utf8');
    for (const [text, problem] of [
      [`"${'\\n'.repeat(500_000)}": {`, 'a key of more than 4096 bytes'],
      [`"${'a'.repeat(60 << 20)}": {`, 'a longer line than the program writes'],
      [`"db0 string": {\n   "keys": "${'\\n'.repeat(1 << 19)}"`, 'a text of more than 1048575 bytes'],
    ] as const) {
      writeFileSync(
        manifest,
        authentic.replace(/(?<="fingerprint": \{\n +)"[^"]+": \{/, () => text),
      );
      expect((await verify()).stderr).toContain(problem);
    }
  });

  test('changes the archive after it was read: what is used is what was proved', async () => {
    const before = await extract();
    shim('dd', `${pathOf('dd')} "$@"; case "$*" in *of=*) printf garbage >${archive} ;; esac`);
    expect(await extract()).toBe(before);
    expect(readFileSync(archive, 'utf8')).toBe('garbage');
  });

  test('lays a module of Python beside the archive', async () => {
    writeFileSync(join(place, 'hashlib.py'), `open(${JSON.stringify(join(folder, 'ran'))}, 'w')\n`);
    expect((await verify()).code).toBe(0);
    expect(existsSync(join(folder, 'ran'))).toBe(false);
  });
});

describe('an odd object', () => {
  const odd: Readonly<Record<string, (file: string) => void>> = {
    'a FIFO': (file) => execFileSync('mkfifo', [file]),
    'a folder': (file) => mkdirSync(file),
    'a dangling link': (file) => symlinkSync('nowhere', file),
    'a link to itself': (file) => symlinkSync(file, file),
    'a device': (file) => symlinkSync('/dev/zero', file),
    'an empty file': (file) => writeFileSync(file, ''),
    '200 GB of nothing': (file) => {
      writeFileSync(file, '');
      truncateSync(file, 200e9);
    },
  };

  test.each(
    Object.entries(odd).flatMap(
      ([what, make]) =>
        [
          [what, 'the archive', archive, make],
          [what, 'the manifest', manifest, make],
        ] as const,
    ),
  )('%s in place of %s', async (_, __, file, make) => {
    rmSync(file);
    make(file);
    const { code, stderr } = await verify();
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^error: .*\n$/)]);
  });

  test.each(['-rf', 'a\nb', 'a=b', '$(touch x) *'])('a name that begins with %j', async (prefix) => {
    const renamed = join(place, `${prefix}${name}`);
    renameSync(archive, renamed);
    renameSync(manifest, `${renamed}.manifest.json`);
    const { code, stderr } = await verify(`${prefix}${name}`);
    expect([code, stderr]).toEqual([1, expect.stringContaining(`the manifest belongs to ${name}`)]);
    expect(readdirSync(place)).toHaveLength(2);
  });
});

test.each(['SIGTERM', 'SIGINT', 'SIGHUP'] as const)('%s leaves nothing behind', async (signal) => {
  const fifo = join(folder, `key-${signal}`);
  execFileSync('mkfifo', [fifo]);
  const into = join(folder, 'stopped');
  const child = start(['extract', name, '--key-file', fifo, '--into', into]);
  const ended = once(child, 'close');
  await until(() => existsSync(into) && readdirSync(into).length > 0);
  process.kill(-child.pid!, signal);
  await ended;
  expect(readdirSync(into)).toEqual([]);
  expect(readdirSync(folder).filter((file) => file.startsWith('grill-recover'))).toEqual([]);
});

/** What is installed of the shells and awks that people have; dash and mawk are Debian's. */
const present = (programs: readonly string[]): readonly string[] =>
  programs.filter((program) => {
    try {
      return pathOf(program.split(' ')[0]!) !== '';
    } catch {
      return false;
    }
  });

describe('the same by', () => {
  test.each(present(['dash', 'bash', 'busybox sh', 'ksh', 'yash']))('%s', async (shell) => {
    expect((await extract(shell.split(' '))).slice(0, 5)).toBe('REDIS');
  });

  test.each(present(['mawk', 'gawk', 'original-awk', 'busybox awk']))('%s', async (awk) => {
    shim('awk', `exec ${awk} "$@"`);
    expect((await extract()).slice(0, 5)).toBe('REDIS');
    writeFileSync(
      manifest,
      readFileSync(manifest, 'utf8').replace('"keys": 2,', '"keys": 2,\n   "keys": 2,'),
    );
    expect((await verify()).stderr).toContain('a key twice');
  });
});
