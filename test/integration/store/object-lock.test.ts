import { ListObjectVersionsCommand, PutObjectLegalHoldCommand, type S3Client } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { setTimeout as sleep } from 'node:timers/promises';
import type { PartedManifest } from '../../../runtime/src/archives/manifest.ts';
import { partKey } from '../../../runtime/src/archives/parts/keys.ts';
import type { Written } from '../../../runtime/src/archives/write.ts';
import { readCatalog } from '../../../runtime/src/archives/catalogue.ts';
import { takeLock } from '../../../runtime/src/runs/lock.ts';
import { backup } from '../../../runtime/src/commands/backup/backup.ts';
import type { App } from '../../../runtime/src/session/app.ts';
import { pruneRun } from '../../../runtime/src/commands/prune/prune.ts';
import { rekey } from '../../../runtime/src/commands/rekey/rekey.ts';
import { renderRekeyed } from '../../../runtime/src/commands/rekey/text.ts';
import { verify } from '../../../runtime/src/commands/verify/verify.ts';
import { openKey } from '../../../runtime/src/crypto/key-ring.ts';
import { s3Config } from '../../../runtime/src/store/config.ts';
import { s3Store } from '../../../runtime/src/store/s3.ts';
import { heldForever, type Store } from '../../../runtime/src/store/store.ts';
import { BackupError } from '../../../runtime/src/core/errors.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';
import { pieceKey } from '../../../runtime/src/wal/names.ts';
import { readBases } from '../../../runtime/src/wal/bases.ts';
import { readPiece } from '../../../runtime/src/wal/piece.ts';
import { placeOf } from '../../../runtime/src/wal/place.ts';
import { readStored } from '../../../runtime/src/wal/stored.ts';
import { redisTarget, targetWithLog, testApp } from '../../kit/app.ts';
import { backUpParts } from '../../kit/parted.ts';
import { simulateBase, simulatedSystem, simulatePiece } from '../../kit/simulated-log.ts';
import { startRedis, type TestRedis } from '../../kit/redis.ts';
import { testRun } from '../../kit/run.ts';
import { s3ClientOf, startS3, type S3Server } from '../../kit/s3.ts';
import { collect, streamOf } from '../../kit/streams.ts';

const lockDays = 3;

/** Deriving keys takes what a busy machine lets it. */
const slowMs = 300_000;

let server: S3Server;
let client: S3Client;
let redis: TestRedis;
let store: Store;
let folders = 0;

beforeAll(async () => {
  server = await startS3();
  await server.createBucket('locked', lockDays);
  redis = await startRedis({ password: 'secret' });
  await redis.cli('SET', 'a', '1');
  client = s3ClientOf(server);
}, 90_000);
afterAll(async () => {
  client.destroy();
  await redis.stop();
  await server.stop();
});
beforeEach(async () => {
  const base = `s3://locked/test${++folders}`;
  store = await s3Store(
    s3Config.parse({
      base,
      endpoint: server.endpoint,
      forcePathStyle: true,
      checksums: 'when-supported',
    }),
    server,
  );
});

const versionsOf = async (key: string) => {
  const Prefix = `test${folders}/${key}`;
  const found = await client.send(new ListObjectVersionsCommand({ Bucket: 'locked', Prefix }));
  return (found.Versions ?? []).length;
};

describe('a bucket with Object Lock', () => {
  test('says until when an object stays, and refuses to hide it before', async () => {
    await store.put('redis/a', streamOf('one'));
    const { lockedUntil } = (await store.head('redis/a'))!;
    const expected = Date.now() + lockDays * dayMs;
    expect(Math.abs(lockedUntil!.getTime() - expected)).toBeLessThan(dayMs / 24);
    await expect(store.remove('redis/a')).rejects.toMatchObject({
      code: 'store.locked',
      exitCode: 5,
      message: `s3://locked/test${folders}/redis/a at ${new URL(server.endpoint).host} is locked until ${lockedUntil!.toISOString()}`,
    });
    expect((await collect(store.get('redis/a'))).toString()).toBe('one');
    await store.remove('redis/absent');
  });

  test('keeps what is replaced as an older version', async () => {
    await store.put('redis/a', streamOf('one'));
    await store.put('redis/a', streamOf('two'), { replace: true });
    expect((await collect(store.get('redis/a'))).toString()).toBe('two');
    expect(await versionsOf('redis/a')).toBe(2);
  });

  test('a legal hold has no end', async () => {
    await store.put('redis/a', streamOf('one'));
    const LegalHold = { Status: 'ON' } as const;
    await client.send(
      new PutObjectLegalHoldCommand({ Bucket: 'locked', Key: `test${folders}/redis/a`, LegalHold }),
    );
    expect((await store.head('redis/a'))!.lockedUntil).toEqual(heldForever);
    await expect(store.remove('redis/a')).rejects.toThrow('is locked until its legal hold is released');
  });

  test('locks of targets work, as they are released without being removed', async () => {
    const run = testRun();
    const lock = await takeLock(run, store, 'redis', 'backup');
    await expect(takeLock(run, store, 'redis', 'backup')).rejects.toMatchObject({ code: 'lock.held' });
    await lock.release();
    await (await takeLock(run, store, 'redis', 'backup')).release();
  });

  test('retention skips locked archives and says until when, by both clocks', async () => {
    const app = (now: number) =>
      testApp({
        stores: { primary: store, replicas: [] },
        targets: [redisTarget(redis)],
        plan: { retention: { days: 1, weekly: 0, monthly: 0, maxShare: 1 } },
        run: { now: () => new Date(now) },
      });
    const begun = Date.now();
    for (const days of [0, 1, 2]) await backup(app(begun - (2 - days) * dayMs), 'redis');
    const keys = async () => (await readCatalog(store, 'redis')).archives.map(({ key }) => key);
    const all = await keys();
    expect(all).toHaveLength(3);
    const soon = await pruneRun(app(begun + 1), 'redis', { dryRun: false, force: false });
    expect(soon.map(({ keep }) => keep)).toEqual([true, true, true]);
    expect(soon[0]!.reason).toMatch(/^2 days old, daily kept for 1 days; locked until \d{4}-.*Z$/);
    expect(await keys()).toEqual(all);
    // By this clock they may go, by the store's they may not.
    const later = await pruneRun(app(begun + (lockDays + 1) * dayMs), 'redis', {
      dryRun: false,
      force: false,
    });
    expect(later.map(({ keep }) => keep)).toEqual([true, true, true]);
    expect(later[0]!.reason).toContain('.manifest.json at ');
    expect(await keys()).toEqual(all);
  });

  test('a part that goes on is locked as long as the newest archive that names it', async () => {
    const app = testApp({ stores: { primary: store, replicas: [] }, targets: [redisTarget(redis)] });
    const database = new Map([['parts/a', 'content']]);
    const first = await backUpParts(app, database);
    const part = partKey('redis', (first.manifest as PartedManifest).parts[0]!);
    const before = (await store.head(part))!.lockedUntil!;
    await sleep(1100); // S3 counts seconds
    const second = await backUpParts(app, database);
    expect(partKey('redis', (second.manifest as PartedManifest).parts[0]!)).toBe(part);
    const [own, kept] = [
      (await store.head(second.key))!.lockedUntil!,
      (await store.head(part))!.lockedUntil!,
    ];
    expect(kept.getTime()).toBeGreaterThan(before.getTime());
    expect(kept.getTime()).toBeGreaterThanOrEqual(own.getTime());
    expect(await versionsOf(part)).toBe(1);
    await store.prolong(part, before); // never shortens
    expect((await store.head(part))!.lockedUntil).toEqual(kept);
  });

  test('where the account may not prolong a lock, every part is stored anew', async () => {
    const refused = (): Promise<never> => Promise.reject(new BackupError('store.refused', 'no'));
    const primary: Store = { ...store, prolong: refused };
    const app = testApp({ stores: { primary, replicas: [] }, targets: [redisTarget(redis)] });
    const database = new Map([['parts/a', 'content']]);
    const [first, second] = [await backUpParts(app, database), await backUpParts(app, database)];
    const idOf = ({ manifest }: Written) => (manifest as PartedManifest).parts[0]!.id;
    expect(idOf(second)).not.toBe(idOf(first));
  });

  test(
    'rekey writes under the new key, keeps what is locked, and retention counts it no more',
    async () => {
      const app: App = testApp({
        stores: { primary: store, replicas: [] },
        targets: [redisTarget(redis)],
        plan: { retention: { weekly: 1, monthly: 0 } },
      });
      const { archive: old } = await backup(app, 'redis');
      const [primary] = app.keys!;
      const rotated: App = { ...app, keys: [openKey('k2', 'a new passphrase of good length'), primary] };
      const moved = await rekey(rotated, 'redis', { dryRun: false });
      expect(moved.map(({ kept }) => kept)).toEqual(
        [0, 1].map(() => expect.stringMatching(/^locked until \d{4}-/)),
      );
      expect(renderRekeyed(moved)).toMatch(/locked until .*Z; keep key primary until then/);
      expect(await rekey(rotated, 'redis', { dryRun: false })).toEqual(moved); // and writes none anew
      const { archives } = await readCatalog(store, 'redis');
      expect(archives.map(({ key }) => key).toSorted()).toEqual(
        moved.flatMap(({ from, to }) => [from, to]).toSorted(),
      );
      expect(await store.resolve('redis/latest_backup.tar.gz.enc')).toBe(old.replace('.tar', '-k2.tar'));
      const verified = await verify({ ...app, keys: [rotated.keys![0]] }, { level: 'quick', last: 1 });
      expect(
        verified.results
          .filter(({ ok }) => ok)
          .map(({ archive }) => archive)
          .toSorted(),
      ).toEqual(moved.map(({ to }) => to).toSorted());
      // One weekly is kept: had the old one a rank, one of the two weeklies would be number 2.
      const pruned = await pruneRun(rotated, 'redis', { dryRun: false, force: false });
      expect(Object.fromEntries(pruned.map(({ key, reason }) => [key, reason]))).toEqual(
        Object.fromEntries(
          moved.flatMap(({ from, to }) => [
            [to, expect.stringMatching(/^0 days old|^weekly number 1,/)],
            [from, expect.stringMatching(/^rewritten under another key; locked until /)],
          ]),
        ),
      );
      expect((await readCatalog(store, 'redis')).archives).toHaveLength(4);
    },
    slowMs,
  );

  test(
    'rekey of a log and its bases keeps what is locked beside what it writes',
    async () => {
      const app: App = testApp({
        stores: { primary: store, replicas: [] },
        targets: [targetWithLog({ host: '127.0.0.1', port: 1 }, 'grill')],
      });
      const [primary] = app.keys!;
      const rotated: App = { ...app, keys: [openKey('k2', 'a new passphrase of good length'), primary] };
      const keys = [await simulatePiece(app, 'postgresql', { from: 0n, to: 1000n, at: new Date() })];
      await simulateBase(app, 'postgresql', new Date(Date.now() - dayMs), { start: 0n, end: 10n });
      const moved = await rekey(rotated, 'postgresql', { dryRun: false });
      const locked = expect.stringMatching(/locked until \d{4}-/);
      expect(moved).toEqual([
        expect.objectContaining({ from: expect.stringMatching(/^base\//), kept: locked }),
        expect.objectContaining({ objects: 1, oldKeyId: 'primary', kept: locked }),
      ]);
      expect(await rekey(rotated, 'postgresql', { dryRun: false })).toEqual(moved); // and writes none anew
      const { pieces } = await readStored(placeOf(rotated, 'postgresql'), simulatedSystem);
      const alone = placeOf({ ...rotated, keys: [rotated.keys![0]] }, 'postgresql');
      const opened = pieces.filter((piece) => !keys.includes(pieceKey('postgresql', piece)));
      expect(opened).toHaveLength(1);
      expect((await readPiece(alone, opened[0]!)).length).toBe(1000);
      expect((await readBases(rotated, store, 'postgresql')).bases).toHaveLength(2);
    },
    slowMs,
  );
});
