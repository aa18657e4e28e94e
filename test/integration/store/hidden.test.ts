import { randomBytes } from 'node:crypto';
import {
  DeleteObjectCommand,
  PutBucketLifecycleConfigurationCommand,
  PutBucketVersioningCommand,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { backup } from '../../../runtime/src/commands/backup/backup.ts';
import { check } from '../../../runtime/src/commands/check/check.ts';
import { pruneRun } from '../../../runtime/src/commands/prune/prune.ts';
import { verify } from '../../../runtime/src/commands/verify/verify.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { listed } from '../../kit/objects.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { s3ClientOf, startS3, type S3Server } from '../../kit/s3.ts';

const bucket = 'versioned';

let server: S3Server;
let redis: TestRedis;
let owner: S3Client;
let prefix: string;
let store: Store;

beforeAll(async () => {
  [server, redis] = await Promise.all([startS3(), startRedis({ password: 'secret' })]);
  await redis.cli('MSET', 'a', '1', 'b', '2');
  owner = s3ClientOf(server);
  await server.createBucket(bucket);
  const VersioningConfiguration = { Status: 'Enabled' } as const;
  await owner.send(new PutBucketVersioningCommand({ Bucket: bucket, VersioningConfiguration }));
}, 90_000);
afterAll(async () => {
  owner.destroy();
  await Promise.all([server.stop(), redis.stop()]);
}, 90_000);
beforeEach(async () => {
  prefix = randomBytes(6).toString('hex');
  const config = { base: `s3://${bucket}/${prefix}`, endpoint: server.endpoint, forcePathStyle: true };
  store = await s3Store(s3Config.parse(config), server);
});

const app = (daysAgo = 0) =>
  testApp({
    stores: { primary: store, replicas: [] },
    targets: [redisTarget(redis)],
    plan: { retention: { days: 7, weekly: 1, monthly: 0 } },
    run: { now: () => new Date(Date.now() - daysAgo * dayMs) },
  });
const at = (key: string) => ({ Bucket: bucket, Key: `${prefix}/${key}` });
const remove = (key: string) => owner.send(new DeleteObjectCommand(at(key)));
const overwrite = (key: string, Body: Buffer | string) =>
  owner.send(new PutObjectCommand({ ...at(key), Body }));
const manifest = (key: string) => `${key}.manifest.json`;

/** All that a thief of the write keys can do to an archive; versions stay. */
const attacks: Readonly<Record<string, (key: string, bytes: number) => Promise<unknown>>> = {
  'archive deleted': (key) => remove(key),
  'manifest deleted': (key) => remove(manifest(key)),
  'both deleted': async (key) => [await remove(key), await remove(manifest(key))],
  'deleted twice': async (key) => [await remove(key), await remove(key), await remove(manifest(key))],
  'archive written over': (key) => overwrite(key, 'pay'),
  'archive written over in its own length': (key, bytes) => overwrite(key, randomBytes(bytes)),
  'manifest written over': (key) => overwrite(manifest(key), '{"pay":1}'),
  'both written over and deleted': async (key, bytes) => [
    await overwrite(key, randomBytes(bytes)),
    await overwrite(manifest(key), 'pay'),
    await remove(key),
    await remove(manifest(key)),
  ],
};

describe('what somebody hid in a versioned bucket', () => {
  test.each(Object.entries(attacks))('%s: is found, brought back, and whole', async (_, attack) => {
    await backup(app(2), 'redis');
    const { archive, archiveBytes } = await backup(app(1), 'redis');
    const before = (await listed(store, 'redis/')).map(({ key }) => key);
    await attack(archive, archiveBytes);
    const found = (await check(app(), { target: 'redis', repair: false })).findings;
    expect(found).toContainEqual(
      expect.objectContaining({
        kind: 'archive-hidden',
        key: archive,
        message: expect.stringMatching(
          /^(deleted|written over) at .*, and its old version is still there: check --repair --undelete brings it back$/,
        ),
      }),
    );
    const repaired = await check(app(), { target: 'redis', repair: true, undelete: true });
    expect(repaired.findings).toContainEqual(
      expect.objectContaining({
        key: archive,
        repaired: expect.stringContaining('brought back the version of'),
      }),
    );
    expect(await check(app(), { target: 'redis', repair: false })).toMatchObject({ ok: true, findings: [] });
    expect((await listed(store, 'redis/')).map(({ key }) => key)).toEqual(before);
    const { results } = await verify(app(), { level: 'deep', last: 9 });
    expect(results.map(({ ok }) => ok)).toEqual(results.map(() => true));
  });

  test('everything of a target at once comes back', async () => {
    await backup(app(2), 'redis');
    await backup(app(1), 'redis');
    const before = (await listed(store, 'redis/')).map(({ key }) => key);
    for (const key of before) await remove(key);
    await check(app(), { target: 'redis', repair: true, undelete: true });
    expect((await listed(store, 'redis/')).map(({ key }) => key)).toEqual(before);
    expect((await check(app(), { target: 'redis', repair: false })).findings).toEqual([]);
  });

  test('is left alone where retention had removed it, and by a repair without the option', async () => {
    await backup(app(30), 'redis');
    const { archive } = await backup(app(1), 'redis');
    await pruneRun(app(), 'redis', { dryRun: false, force: true });
    expect((await check(app(), { target: 'redis', repair: false })).findings).toEqual([]);
    await remove(archive);
    await remove(manifest(archive));
    const { findings } = await check(app(), { target: 'redis', repair: true });
    expect(findings).toMatchObject([{ kind: 'archive-hidden', key: archive, repairable: false }]);
    expect(await store.head(archive)).toBeUndefined();
  });
});

test('a versioned bucket without a rule grows for ever, which check tells', async () => {
  const piles = async () =>
    (await check(app(), { repair: false })).findings.filter(({ kind }) => kind === 'versions-pile-up');
  expect(await piles()).toMatchObject([
    { severity: 'notice', message: expect.stringContaining('no lifecycle rule removes old ones') },
  ]);
  const rule = (Prefix: string) => ({
    ID: 'old',
    Status: 'Enabled' as const,
    Filter: { Prefix },
    NoncurrentVersionExpiration: { NoncurrentDays: 30 },
  });
  const put = (Prefix: string) =>
    owner.send(
      new PutBucketLifecycleConfigurationCommand({
        Bucket: bucket,
        LifecycleConfiguration: { Rules: [rule(Prefix)] },
      }),
    );
  await put('elsewhere/');
  expect(await piles()).toHaveLength(1);
  await put('');
  expect(await piles()).toEqual([]);
});
