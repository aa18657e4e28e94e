import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

const newPassphrase = 'a new passphrase of good length';
const keys = (...ids: readonly string[]) => ({
  encryption: { keys: ids.map((id) => ({ id, secretKey: id === 'primary' ? 'encryption-key' : id })) },
});

let redis: TestRedis;
let installation: Installation;
const plan = (more: object) =>
  planFor(
    installation.backup,
    [
      {
        name: 'redis',
        engine: 'redis',
        connection: { host: redis.host, port: redis.port },
        secret: { name: 'redis' },
      },
    ],
    more,
  );

const run = async (...args: readonly string[]) => {
  const result = await installation.cli([...args, '--json']);
  return { ...result, error: result.json?.error };
};

beforeAll(async () => {
  redis = await startRedis();
  await redis.cli('MSET', 'a', '1', 'b', '2');
  installation = install([], {
    'backup-encryption-secret': { 'encryption-key': 'correct horse battery staple', k2: newPassphrase },
  });
  installation.setPlan(plan(keys('primary')));
});

afterAll(async () => {
  await installation.dispose();
  await redis.stop();
});

test('a key is replaced without a moment in which an archive cannot be read', async () => {
  const first = (await run('backup', 'redis')).json;

  installation.setPlan(plan(keys('k2', 'primary')));
  expect((await run('verify', '--level', 'deep')).code).toBe(0);

  const before = (await run('list')).json;
  const dry = await run('rekey', '--dry-run');
  expect(dry.json.map(({ from }: { from: string }) => from).toSorted()).toEqual(
    [first.archive, ...first.copies].toSorted(),
  );
  expect((await run('list')).json).toEqual(before);

  const { code, json } = await run('rekey');
  expect(code).toBe(0);
  expect(json).toEqual(dry.json);
  const archive = first.archive.replace('.tar.gz.enc', '-k2.tar.gz.enc');
  expect(json[0]).toMatchObject({ oldKeyId: 'primary', newKeyId: 'k2' });
  expect(installation.files().filter((name) => name.startsWith('redis/') && name.endsWith('.enc'))).toEqual(
    [
      archive,
      'redis/latest_backup.tar.gz.enc',
      ...json
        .slice(0)
        .map(({ to }: { to: string }) => to)
        .filter((to: string) => to !== archive),
    ].toSorted(),
  );
  expect(
    readFileSync(join(installation.backup, 'redis/latest_backup.tar.gz.enc')).equals(
      readFileSync(join(installation.backup, archive)),
    ),
  ).toBe(true);
  expect((await run('rekey')).json).toEqual([]);

  // The old key is gone from the plan, and with it the last need for it.
  installation.setPlan(plan(keys('k2')));
  expect((await run('verify', '--level', 'drill')).code).toBe(0);
  const listed = (await run('list')).json as { startedAt: string; sourceBytes: number; tier: string }[];
  const shape = (rows: typeof listed) =>
    rows.map(({ startedAt, sourceBytes, tier }) => ({ startedAt, sourceBytes, tier }));
  expect(shape(listed)).toEqual(shape(before));
});

test('an archive whose key is not at hand is named, and nothing is touched', async () => {
  installation.setPlan(plan(keys('primary')));
  const files = installation.files();
  const { code, error } = await run('rekey');
  expect(code).toBe(6);
  expect(error.message).toMatch(/was encrypted with key k2; available: primary/);
  expect(installation.files().filter((name) => name.startsWith('redis/'))).toEqual(
    files.filter((name) => name.startsWith('redis/')),
  );
});

test('a plan that stores in the clear has no keys', async () => {
  installation.setPlan(plan({ encryption: { enabled: false } }));
  expect((await run('rekey')).error.message).toBe('the plan does not encrypt, so there is no key to change');
});
