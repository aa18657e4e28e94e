import {
  appendFileSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { readCatalog } from '../../runtime/src/archives/catalogue.ts';
import { takeLock } from '../../runtime/src/runs/lock.ts';
import { backup } from '../../runtime/src/commands/backup/backup.ts';
import { check } from '../../runtime/src/commands/check/check.ts';
import { verify } from '../../runtime/src/commands/verify/verify.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import { dayMs } from '../../runtime/src/core/units.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { recordsOf, redisTarget, testApp } from '../kit/app.ts';
import { install, type Installation } from '../kit/installation.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

const manifest = '.manifest.json';

let redis: TestRedis;
let fixture: StoreFixture;
let [primary, replica]: Store[] = [];
let older: string;
let newest: string;

beforeAll(async () => {
  redis = await startRedis({ password: 'secret' });
  await redis.cli('MSET', 'a', '1', 'b', '2');
  fixture = await startDirectory();
}, 60_000);
afterAll(async () => {
  await redis.stop();
  await fixture.stop();
});

const app = (daysAgo = 0, replicas: readonly Store[] = [replica!]) =>
  testApp({
    stores: { primary: primary!, replicas },
    targets: [redisTarget(redis)],
    run: { now: () => new Date(Date.now() - daysAgo * dayMs) },
  });
const look = (replicas?: readonly Store[]) => check(app(0, replicas), { repair: false });
const repair = (replicas?: readonly Store[]) => check(app(0, replicas), { repair: true });
const path = (key: string, store = primary!) => join(store.location, key);

/** Makes a file look as if it was written two days ago. */
const age = (key: string) => {
  const then = new Date(Date.now() - 2 * dayMs);
  utimesSync(path(key), then, then);
};

/** One archive's finding before and after repair; afterwards nothing is wrong and every archive can be read. */
const expectRepair = async (kind: string, key: string, repaired: string, replicas?: readonly Store[]) => {
  const before = await look(replicas);
  expect(before).toMatchObject({ ok: false, problems: 1, repaired: 0 });
  expect(before.findings).toMatchObject([{ kind, key, store: primary!.location, repairable: true }]);
  const after = await repair(replicas);
  expect(after).toMatchObject({ ok: true, problems: 0, repaired: 1, findings: [{ kind, key, repaired }] });
  expect(await look(replicas)).toEqual({ ok: true, problems: 0, repaired: 0, findings: [] });
  const { results: verified } = await verify(app(0, replicas), { level: 'deep', last: 9 });
  expect(verified.filter(({ ok }) => !ok)).toEqual([]);
};

const archives = async (store = primary!) =>
  (await readCatalog(store, 'redis')).archives.map(({ key }) => key);

beforeEach(async () => {
  [primary, replica] = [await fixture.open(), await fixture.open()];
  older = (await backup(app(1), 'redis')).archive;
  newest = (await backup(app(), 'redis')).archive;
});

describe('check', () => {
  test('finds nothing after backups', async () => {
    expect(await look()).toEqual({ ok: true, problems: 0, repaired: 0, findings: [] });
  });

  test('a lost manifest is brought back from the other store', async () => {
    rmSync(path(`${older}${manifest}`));
    age(older);
    await expectRepair('archive-without-manifest', older, `copied from ${replica!.location}`);
    expect(await archives()).toContain(older);
  });

  test('what a killed run left goes after a day, and not before', async () => {
    writeFileSync(path('redis/redis_20200101_000000.tar.gz.enc'), 'cut sho');
    expect(await look()).toMatchObject({ ok: true, findings: [{ severity: 'notice', repairable: false }] });
    expect(await repair()).toMatchObject({ ok: true, repaired: 0 });
    age('redis/redis_20200101_000000.tar.gz.enc');
    await expectRepair('archive-without-manifest', 'redis/redis_20200101_000000.tar.gz.enc', 'removed');
  });

  test('the last thing that is left of a target stays', async () => {
    for (const key of await archives()) {
      rmSync(path(`${key}${manifest}`));
      age(key);
    }
    expect(await repair([])).toMatchObject({ ok: false, repaired: 0 });
    expect(await primary!.head(newest)).toBeDefined();
  });

  test('the next backup removes what a killed run left, too', async () => {
    writeFileSync(path('redis/redis_20200101_000000.tar.gz.enc'), 'cut sho');
    age('redis/redis_20200101_000000.tar.gz.enc');
    await backup(app(-1), 'redis');
    expect(await primary!.head('redis/redis_20200101_000000.tar.gz.enc')).toBeUndefined();
  });

  test('a lost archive is brought back from the other store', async () => {
    rmSync(path(older));
    await expectRepair('manifest-without-archive', older, `copied from ${replica!.location}`);
    expect(await archives()).toContain(older);
  });

  test('a manifest of nothing goes', async () => {
    rmSync(path(older));
    await expectRepair('manifest-without-archive', older, 'removed', []);
    expect(await archives()).not.toContain(older);
  });

  test.each([
    ['cut', (key: string) => truncateSync(path(key), 100)],
    ['altered', (key: string) => writeFileSync(path(key), JSON.stringify({ format: 1 }))],
  ])('a manifest that was %s is replaced', async (_, damage) => {
    damage(`${older}${manifest}`);
    await expectRepair('manifest-broken', older, `copied from ${replica!.location}`);
  });

  test('a manifest that no store has whole is for a person to look at', async () => {
    truncateSync(path(`${older}${manifest}`), 100);
    expect(await repair([])).toMatchObject({
      ok: false,
      problems: 1,
      findings: [{ kind: 'manifest-broken', repairable: false }],
    });
  });

  test('a size that differs is reported, and nothing is touched', async () => {
    appendFileSync(path(newest), '!');
    const { bytes } = (await primary!.head(newest))!;
    // Hard links: a copy of a tier differs as well, if it is one of the same file.
    const { findings, ok } = await repair();
    expect(ok).toBe(false);
    expect(findings).toContainEqual(
      expect.objectContaining({
        kind: 'size-mismatch',
        key: newest,
        message: `the archive has ${bytes} bytes, its manifest says ${bytes - 1}`,
      }),
    );
    expect((await primary!.head(newest))!.bytes).toBe(bytes);
  });

  test.each([
    ['missing', undefined],
    ['behind', 'older'],
  ])('the alias of the newest archive that is %s is set', async (_, to) => {
    const alias = 'redis/latest_backup.tar.gz.enc';
    rmSync(path(alias));
    if (to) symlinkSync(older.slice('redis/'.length), path(alias));
    await expectRepair('latest-wrong', alias, `points to ${newest}`);
  });

  test('partial uploads of killed runs go', async () => {
    await fixture.leave(primary!, newest);
    expect(await look()).toMatchObject({
      ok: true,
      findings: [{ kind: 'partial-uploads', severity: 'notice' }],
    });
    age(`${newest}.partial-0123456789ab`);
    expect(await look()).toMatchObject({ ok: false, findings: [{ kind: 'partial-uploads' }] });
    expect(await repair()).toMatchObject({ ok: true, findings: [{ repaired: 'removed 1' }] });
    expect(await fixture.leftovers(primary!)).toEqual([]);
  });

  test('the lock of a killed run is a notice', async () => {
    const { run } = app(1);
    await takeLock(run, primary!, 'redis', 'backup', { lifeMs: 1000, renewMs: 1_000_000 });
    expect(await look()).toMatchObject({
      ok: true,
      findings: [{ kind: 'lock-stale', severity: 'notice', message: 'expired: the next run takes it over' }],
    });
  });

  test('a target that a run works on is left alone', async () => {
    rmSync(path(`${older}${manifest}`));
    age(older);
    const lock = await takeLock(app().run, primary!, 'redis', 'backup');
    expect(await repair()).toMatchObject({ ok: false, repaired: 0 });
    await lock.release();
    expect(await repair()).toMatchObject({ ok: true, repaired: 1 });
  });

  test('a repair leaves a record', async () => {
    rmSync(path(older));
    await repair();
    const record = (await recordsOf(primary!, 'redis')).find(({ command }) => command === 'check');
    expect(record).toMatchObject({ ok: true, figures: { found: 1, repaired: 1, problems: 0 } });
  });
});

describe('on the command line', () => {
  let installation: Installation;
  let archive: string;

  beforeAll(async () => {
    installation = install([redisTarget(redis)], { redis: { password: 'secret' } });
    archive = (await installation.cli(['backup', 'redis', '--json'])).json.archive;
  });
  afterAll(() => installation.dispose());

  test('show tells all that is known of an archive, with its history', async () => {
    await installation.cli(['verify', 'redis', '--json']);
    const { json } = await installation.cli(['show', 'redis', '--json']);
    expect(json).toMatchObject({ archive, store: installation.backup, manifest: { target: 'redis' } });
    expect(json).not.toHaveProperty('problem');
    expect(json.manifest.verifications).toMatchObject([{ level: 'deep', ok: true }]);
    const { stdout } = await installation.cli(['show', 'redis', archive]);
    for (const part of [archive, 'authentic', 'key primary', 'verifications', 'deep', 'fingerprint'])
      expect(stdout).toContain(part);
  });

  test('status tells the last run, the trend and the next run', async () => {
    const { json, stdout } = await installation.cli(['status', '--json']);
    expect(json).toMatchObject([
      {
        target: 'redis',
        lastRuns: [
          { command: 'verify', ok: true },
          { command: 'backup', ok: true },
        ],
        withinRpo: true,
      },
    ]);
    expect(json[0]).not.toHaveProperty('sizeRatio');
    expect(stdout).not.toContain('undefined');
    installation.setSecret('redis', 'password', 'wrong');
    await installation.cli(['backup', 'redis']);
    installation.setSecret('redis', 'password', 'secret');
    const failed = await installation.cli(['status', '--json']);
    expect(failed.json[0].lastRuns[0]).toMatchObject({
      command: 'backup',
      ok: false,
      failure: 'source.refused',
    });
    expect((await installation.cli(['status'])).stdout).toContain('FAILED source.refused');
  });

  test('check exits with 8 while problems remain, with 0 when they are mended', async () => {
    rmSync(join(installation.backup, 'redis/latest_backup.tar.gz.enc'));
    const found = await installation.cli(['check', '--json']);
    expect(found.code).toBe(8);
    expect(found.json).toMatchObject({ ok: false, findings: [{ kind: 'latest-wrong' }] });
    expect(found.stderr).toContain('1 problem remains');
    const mended = await installation.cli(['check', '--repair']);
    expect(mended.code).toBe(0);
    expect(mended.stdout).toContain('1 repaired; nothing is wrong');
  });

  test('audit tells who did what, and names the entry that somebody altered', async () => {
    const whole = await installation.cli(['audit', 'verify', '--json']);
    expect(whole.code).toBe(0);
    expect(whole.json.entries).toBe(whole.json.proved);
    const shown = await installation.cli(['audit', 'show', '--json']);
    expect(shown.json).toHaveLength(whole.json.entries);
    expect(shown.json[0]).toMatchObject({ command: 'backup', target: 'redis', figures: { archive } });
    expect((await installation.cli(['audit', 'show'])).stdout).toContain(archive);
    const file = join(installation.backup, 'audit/0000000002.json');
    writeFileSync(file, readFileSync(file, 'utf8').replace('"ok":true', '"ok":false'));
    const broken = await installation.cli(['audit', 'verify', '--json']);
    expect(broken.code).toBe(8);
    expect(broken.json.problems[0]).toEqual({ entry: 'audit/0000000002.json', message: 'was altered' });
    expect(broken.stderr).toContain('audit/0000000002.json was altered');
    expect((await installation.cli(['audit', 'erase'])).code).toBe(2);
  });
});
