import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, readlinkSync, statSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install, passphrase, planFor, type Installation } from '../kit/installation.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

const password = 'redis-password-of-the-test';
let redis: TestRedis;
let installation: Installation;

const target = () => ({
  name: 'redis',
  engine: 'redis',
  connection: { host: redis.host, port: redis.port },
  secret: { name: 'redis' },
});

const usePlan = (algorithm: 'gzip' | 'zstd', more: object = {}): void =>
  installation.setPlan(
    planFor(installation.backup, [target()], { compression: { algorithm, level: 3 }, ...more }),
  );

const run = async (...args: readonly string[]) => {
  const done = await installation.cli([...args, '--json']);
  expect([done.stderr.match(/"level":"ERROR".*/)?.[0], done.code]).toEqual([undefined, 0]);
  return done.json;
};

/** Enough for the kit, but for zstd. */
const programs = 'sh openssl tar gzip awk sed od dd cat cut head tr wc tail mktemp mkdir ls rm find mv'.split(
  ' ',
);

const path = (key: string): string => join(installation.backup, key);
const latest = (suffix: string): string => readlinkSync(path(`redis/latest_backup${suffix}`));

let archive: string;

beforeAll(async () => {
  redis = await startRedis({ password });
  await redis.script(['SET probe:1 brisket', 'DEBUG POPULATE 20000 ballast 40']);
  installation = install([target()], { redis: { password } });
  usePlan('gzip');
  await run('backup', 'redis');
  usePlan('zstd');
  archive = (await run('backup', 'redis')).archive;
}, 60_000);

afterAll(async () => {
  await installation.dispose();
  await redis.stop();
});

test('the name, the manifest and show tell the compression; every alias names the newest archive', async () => {
  expect(archive).toMatch(/^redis\/redis_\d{8}_\d{6}\.tar\.zst\.enc$/);
  const { manifest } = await run('show', 'redis');
  expect(manifest).toMatchObject({ compression: { algorithm: 'zstd', level: 3 } });
  expect((await installation.cli(['show', 'redis'])).stdout).toMatch(/compression +zstd level 3/);
  expect([latest('.tar.zst.enc'), latest('.tar.gz.enc')]).toEqual(
    Array.from({ length: 2 }, () => archive.slice('redis/'.length)),
  );
  expect((await installation.cli(['check', '--json'])).json.findings).toEqual([]);
  const list = await run('list', 'redis');
  expect(JSON.stringify(list)).toContain(archive);
});

test.each(['quick', 'deep', 'drill'])(
  'verify at level %s takes it',
  async (level) => {
    const { results } = await run('verify', 'redis', archive, '--level', level);
    expect(results).toMatchObject([{ archive, ok: true }]);
  },
  60_000,
);

test('a restore brings everything back, by the alias of either name', async () => {
  for (const suffix of ['.tar.zst.enc', '.tar.gz.enc']) {
    await redis.cli('FLUSHALL');
    const [restored] = await run('restore', 'redis', path(`redis/latest_backup${suffix}`), '--force');
    expect(restored).toMatchObject({ archive, equal: true });
    expect(await redis.cli('GET', 'probe:1')).toBe('brisket');
  }
}, 60_000);

test('openssl, zstd and tar open it by hand', () => {
  const env = { ...process.env, PASSPHRASE: passphrase };
  const decrypt = 'openssl enc -d -aes-256-cbc -pbkdf2 -iter 100000 -md sha256 -pass env:PASSPHRASE';
  const rdb = execFileSync('sh', ['-c', `${decrypt} -in ${path(archive)} | zstd -dc | tar -xO dump.rdb`], {
    env,
  });
  expect(rdb.subarray(0, 5).toString()).toBe('REDIS');
});

test('the offline recovery kit proves and extracts it, and says where zstd is missing', () => {
  const key = join(installation.folder, 'key');
  execFileSync('sh', ['-c', 'printf "%s\\n" "$PASSPHRASE" > "$0"', key], { env: { PASSPHRASE: passphrase } });
  const recover = (into: string, PATH: string): string =>
    execFileSync(
      'sh',
      [
        '-c',
        'sh "$0" extract "$1" --key-file "$2" --into "$3" 2>&1 || :',
        ...[path('recovery/recover.sh'), path(archive), key, into],
      ],
      { env: { PATH }, encoding: 'utf8' },
    );
  const out = join(installation.folder, 'out');
  expect(recover(out, '/usr/bin:/bin')).toMatch(/extracted into/);
  expect(readFileSync(join(out, 'dump.rdb')).subarray(0, 5).toString()).toBe('REDIS');
  const tools = join(installation.folder, 'bin');
  mkdirSync(tools);
  for (const name of programs) execFileSync('ln', ['-s', `/usr/bin/${name}`, join(tools, name)]);
  expect(recover(join(installation.folder, 'none'), tools)).toMatch(
    /error: program zstd is needed and not in PATH/,
  );
});

test('rekey keeps the compression', async () => {
  installation.setSecret('backup-encryption-secret', 'second', `${passphrase} second`);
  const keys = [
    { id: 'k2', secretKey: 'second' },
    { id: 'primary', secretKey: 'encryption-key' },
  ];
  usePlan('zstd', { encryption: { keys } });
  const moved: readonly { from: string; to: string }[] = await run('rekey', 'redis');
  const { to } = moved.find(({ from }) => from === archive)!;
  expect(to).toMatch(/-k2\.tar\.zst\.enc$/);
  expect([latest('.tar.zst.enc'), latest('.tar.gz.enc')]).toEqual(
    Array.from({ length: 2 }, () => to.slice('redis/'.length)),
  );
  archive = to;
  expect((await run('verify', 'redis', archive, '--level', 'deep')).results).toMatchObject([{ ok: true }]);
  expect((await installation.cli(['check', '--json'])).json.findings).toEqual([]);
}, 60_000);

test('a safety copy, tiers and retention treat it as any other', async () => {
  const pruned: readonly { key: string; keep: boolean }[] = await run('prune', 'redis', '--dry-run');
  expect(pruned.filter(({ key }) => key.includes('.tar.zst.enc')).length).toBeGreaterThan(0);
  expect(pruned.every(({ keep }) => keep)).toBe(true);
});

test('one that is cut is refused', async () => {
  const cut = `${archive.slice(0, -'.tar.zst.enc'.length)}`;
  expect(cut).not.toBe(archive);
  truncateSync(path(archive), statSync(path(archive)).size - 16);
  const { code, stderr } = await installation.cli(['restore', 'redis', archive, '--force']);
  expect([code, stderr]).toEqual([6, expect.stringMatching(/archive ends after/)]);
});

test('archives of the first release are read: gzip, format 1', async () => {
  cpSync(join(import.meta.dirname, '../fixtures/archives'), path('redis'), { recursive: true });
  const old = 'redis_20261122_183425.tar.gz.enc';
  expect((await run('show', 'redis', old)).manifest).toMatchObject({
    format: 1,
    compression: { algorithm: 'gzip', level: 1 },
  });
  await redis.cli('FLUSHALL');
  expect(await run('restore', 'redis', old, '--force')).toMatchObject([{ equal: true }]);
  expect(await redis.cli('HGETALL', 'smoker:1')).toBe('celsius\n110\nbattery\n80');
}, 60_000);
