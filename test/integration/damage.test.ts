import { copyFileSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { install, passphrase, type CliResult, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';

let postgresql: TestPostgresql;
let installation: Installation;
let archive: string;
let older: string;
let intact: { archive: Buffer; manifest: Buffer };

const contents = () =>
  postgresql.psql(
    'grillstats',
    'select count(*), sum(id), md5(string_agg(name, chr(44) order by id)) from users',
  );
const databases = () => postgresql.psql('postgres', 'select datname from pg_database order by 1');
const file = (key: string) => join(installation.backup, key);

const backup = async (): Promise<string> => {
  const { json } = await installation.cli(['backup', 'postgresql', '--json']);
  return json.archive as string;
};

beforeAll(async () => {
  postgresql = await startPostgresql();
  await postgresql.psql('postgres', 'create database grillstats');
  await postgresql.psql(
    'grillstats',
    'create table users as select id, md5(id::text) as name from generate_series(1, 100000) id',
  );
  const { host, port, user, password } = postgresql;
  installation = install(
    [
      {
        name: 'postgresql',
        engine: 'postgresql',
        connection: { host, port, database: 'grillstats' },
        secret: { name: 'postgresql' },
      },
    ],
    { postgresql: { username: user, password } },
  );
  older = await backup();
  await new Promise((resolve) => setTimeout(resolve, 1100)); // archives are named by the second
  archive = await backup();
  intact = { archive: readFileSync(file(archive)), manifest: readFileSync(file(`${archive}.manifest.json`)) };
}, 60_000);

afterAll(async () => {
  await installation.dispose();
  await postgresql.stop();
});

beforeEach(() => {
  installation.setSecret('backup-encryption-secret', 'encryption-key', passphrase);
  // The weekly copy shares the older archive's bytes, so only the newest is damaged.
  writeFileSync(file(archive), intact.archive);
  writeFileSync(file(`${archive}.manifest.json`), intact.manifest);
});

/** A restore that must fail: its own message and exit code 6, and the databases as they were. */
const refusal = async (
  args: readonly string[] = ['restore', 'postgresql', archive, '--force', '--json'],
): Promise<CliResult> => {
  const [before, names] = [await contents(), await databases()];
  const result = await installation.cli(args);
  expect(await contents()).toBe(before);
  expect(await databases()).toBe(names);
  return result;
};

describe('restore refuses', () => {
  const flip = (at: number) => {
    const bytes = Buffer.from(intact.archive);
    bytes[at < 0 ? bytes.length + at : at]! ^= 0x40;
    writeFileSync(file(archive), bytes);
  };

  test.each([0, 12, 5_000, -1])('one flipped bit, at %d', async (at) => {
    flip(at);
    const { code, json } = await refusal();
    expect({ code, error: json.error }).toMatchObject({
      code: 6,
      error: {
        code: 'archive.damaged',
        message: expect.stringMatching(/^archive was altered between byte 0 and \d+$/),
        exitCode: 6,
      },
    });
  });

  test('a truncated file', async () => {
    truncateSync(file(archive), intact.archive.length - 1000);
    const { code, json } = await refusal();
    expect(code).toBe(6);
    expect(json.error).toMatchObject({
      code: 'archive.truncated',
      message: `archive ends after ${intact.archive.length - 1000} of ${intact.archive.length} bytes`,
    });
  });

  test('a wrong key', async () => {
    installation.setSecret('backup-encryption-secret', 'encryption-key', 'another passphrase of good length');
    const { code, json } = await refusal();
    expect(code).toBe(6);
    expect(json.error).toMatchObject({
      code: 'key.wrong',
      message: expect.stringContaining('was encrypted with a different passphrase'),
    });
  });

  test('what it cannot begin with, and leaves a record and an audit entry; a dry run leaves none', async () => {
    const left = (folder: string) =>
      readdirSync(file(folder))
        .filter((name) => /^\d/.test(name))
        .toSorted()
        .map((name) => JSON.parse(readFileSync(file(join(folder, name)), 'utf8')));
    const before = left('runs/postgresql').length;
    installation.setSecret('backup-encryption-secret', 'encryption-key', 'another passphrase of good length');
    await refusal(['restore', 'postgresql', archive, '--dry-run', '--json']);
    expect(left('runs/postgresql')).toHaveLength(before);
    await refusal();
    installation.setSecret('backup-encryption-secret', 'encryption-key', passphrase);
    await refusal(['restore', 'full', 'no-such-archive', '--force', '--json']); // a mistyped command is none
    await refusal(['restore', 'postgresql', 'postgresql_20200101_020000.tar.gz.enc', '--force', '--json']);
    const [wrongKey, unknown, ...others] = left('runs/postgresql').slice(before);
    expect(others).toEqual([]);
    expect(wrongKey).toMatchObject({
      command: 'restore',
      ok: false,
      exitCode: 6,
      failure: { code: 'key.wrong' },
    });
    expect(unknown).toMatchObject({ ok: false, exitCode: 2, failure: { code: 'archive.unknown' } });
    expect(left('audit').slice(-2)).toMatchObject([
      { command: 'restore', target: 'postgresql', ok: false, failure: 'key.wrong' },
      { command: 'restore', target: 'postgresql', ok: false, failure: 'archive.unknown' },
    ]);
  });

  test('the manifest of another archive', async () => {
    copyFileSync(file(`${older}.manifest.json`), file(`${archive}.manifest.json`));
    const { code, json } = await refusal();
    expect(code).toBe(6);
    expect(json.error).toMatchObject({
      code: 'archive.swapped',
      message: expect.stringContaining('belongs to postgresql_'),
    });
  });

  test('an old archive replayed under a new name', async () => {
    copyFileSync(file(older), file(archive));
    const { code, json } = await refusal();
    expect(code).toBe(6);
    expect(json.error).toMatchObject({
      code: 'archive.swapped',
      message: 'the manifest belongs to another archive',
    });
  });

  test('an altered manifest', async () => {
    writeFileSync(
      file(`${archive}.manifest.json`),
      intact.manifest.toString().replace('"rows": 100000', '"rows": 99999'),
    );
    const { code, json } = await refusal();
    expect(code).toBe(6);
    expect(json.error).toMatchObject({
      code: 'manifest.damaged',
      message: expect.stringContaining('was altered'),
    });
  });

  test('a test restore refuses as well', async () => {
    flip(5_000);
    expect((await refusal(['restore', 'postgresql', archive, '--test', '--json'])).code).toBe(6);
  });

  test('an archive that was never committed', async () => {
    const { code, json } = await refusal([
      'restore',
      'postgresql',
      'postgresql_20200101_000000.tar.gz.enc',
      '--force',
      '--json',
    ]);
    expect(code).toBe(2);
    expect(json.error).toMatchObject({
      code: 'archive.unknown',
      message: expect.stringContaining('is not in'),
    });
  });

  test('a path outside of the stores', async () => {
    const { json } = await refusal(['restore', 'postgresql', '/etc/passwd', '--force', '--json']);
    expect(json.error).toMatchObject({
      code: 'archive.unknown',
      message: expect.stringContaining('/etc/passwd was not found in'),
    });
    const up = await refusal([
      'restore',
      'postgresql',
      `${installation.backup}/../secrets/postgresql/password`,
      '--force',
      '--json',
    ]);
    expect(up.code).not.toBe(0);
    expect(up.stdout + up.stderr).not.toContain(postgresql.password);
  });

  test('to go on without a terminal or --force', async () => {
    const { code, json } = await refusal(['restore', 'postgresql', '--json']);
    expect(code).toBe(7);
    expect(json.error.message).toBe(
      'there is no terminal to confirm on; use --force to restore postgresql without asking',
    );
  });
});

describe('verify', () => {
  test('names the archive and the damage, exits with 8, and writes both reports', async () => {
    writeFileSync(
      file(archive),
      Buffer.concat([intact.archive.subarray(0, 100), Buffer.from('!'), intact.archive.subarray(101)]),
    );
    const { code, stderr } = await installation.cli(['verify', '--json']);
    expect(code).toBe(8);
    expect(stderr).toContain('1 of 4 archives did not pass verification');
    const report = JSON.parse(readFileSync(file('verification/latest_verification.json'), 'utf8'));
    expect(report).toMatchObject({ environment: 'test', status: 'failed', archives: 4, failed: 1 });
    expect(report.results.filter(({ ok }: { ok: boolean }) => !ok)).toMatchObject([
      { archive, level: 'deep', problem: { code: 'archive.damaged' } },
    ]);
    const text = installation
      .files()
      .find((name) => /^verification\/verification_report_\d{8}\.txt$/.test(name))!;
    expect(readFileSync(file(text), 'utf8')).toContain('archive.damaged: archive was altered');
  });

  test('passes when nothing is wrong, and the manifest remembers it', async () => {
    const { code, json } = await installation.cli(['verify', 'postgresql', archive, '--json']);
    expect({ code, status: json.status }).toEqual({ code: 0, status: 'passed' });
    const listed = await installation.cli(['list', '--json']);
    expect(listed.json.find((row: { archive: string }) => row.archive === archive)).toHaveProperty(
      'verifiedAt',
    );
  });

  test('quick finds what a look at size and manifest can find', async () => {
    truncateSync(file(archive), 100);
    const { code, json } = await installation.cli(['verify', '--level', 'quick', '--json']);
    expect(code).toBe(8);
    expect(json.results.find((result: { ok: boolean }) => !result.ok).problem.code).toBe('archive.truncated');
  });
});
