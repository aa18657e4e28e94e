import { lstatSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { backup } from '../../runtime/src/commands/backup/backup.ts';
import { check } from '../../runtime/src/commands/check/check.ts';
import { pruneRun } from '../../runtime/src/commands/prune/prune.ts';
import { dayMs } from '../../runtime/src/core/units.ts';
import { directoryStore } from '../../runtime/src/store/directory.ts';
import { redisTarget, testApp } from '../kit/app.ts';
import { install, type Installation } from '../kit/installation.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';
import { canMount, mountSmallVolume, type SmallVolume } from '../kit/small-volume.ts';

let redis: TestRedis;
beforeAll(async () => {
  redis = await startRedis({ password: 'secret' });
  await redis.cli('MSET', 'a', '1', 'b', '2');
}, 60_000);
afterAll(() => redis.stop());

if (canMount)
  describe('a volume that is full', () => {
    let volume: SmallVolume;
    beforeEach(() => {
      volume = mountSmallVolume();
    });
    afterEach(() => volume.dispose());

    const app = (daysAgo = 0, retention: object = { days: 7, weekly: 0, monthly: 0 }) =>
      testApp({
        stores: { primary: directoryStore({ path: volume.path }), replicas: [] },
        targets: [redisTarget(redis)],
        plan: { retention },
        run: { now: () => new Date(Date.now() - daysAgo * dayMs) },
      });

    test('is pruned though it has no room for the lock, and backups go on', async () => {
      const old = [(await backup(app(40), 'redis')).archive, (await backup(app(39), 'redis')).archive];
      // the policy of today keeps neither, but the run of today never gets so far
      const kept = (await backup(app(1, { days: 99, weekly: 0, monthly: 0 }), 'redis')).archive;
      volume.fill();
      await expect(backup(app(), 'redis')).rejects.toMatchObject({
        code: 'store.full',
        message: expect.stringContaining('(ENOSPC)'),
        hint: expect.stringContaining('works on a full one too'),
      });
      const decisions = await pruneRun(app(), 'redis', { dryRun: false, force: false });
      expect(decisions.filter(({ keep }) => !keep).map(({ key }) => key)).toEqual(old);
      await backup(app(), 'redis');
      expect((await check(app(), { repair: false })).findings).toEqual([]);
      expect(readFileSync(join(volume.path, kept)).length).toBeGreaterThan(0);
    });

    test('on which retention keeps everything says so, and loses nothing', async () => {
      const { archive } = await backup(app(1), 'redis');
      volume.fill();
      await expect(pruneRun(app(), 'redis', { dryRun: false, force: false })).rejects.toMatchObject({
        code: 'store.full',
      });
      expect(lstatSync(join(volume.path, archive)).isFile()).toBe(true);
    });

    test('that was mounted read-only is called so', async () => {
      volume.remount('ro');
      await expect(backup(app(), 'redis')).rejects.toMatchObject({
        code: 'store.refused',
        message: expect.stringContaining('EROFS: the volume is mounted read-only'),
      });
    });
  });

const hook = pathToFileURL(join(import.meta.dirname, '../kit/no-links.mjs')).href;

describe.each(['EPERM', 'EOPNOTSUPP'])('a volume whose links answer %s', (code) => {
  let installation: Installation;
  beforeEach(() => {
    installation = install([redisTarget(redis)], { redis: { password: 'secret' } });
    Object.assign(installation.env, { NODE_OPTIONS: `--import ${hook}`, NO_LINKS: code });
  });
  afterEach(() => installation.dispose());

  test('takes backup after backup, with copies, alias and locks, and is whole', async () => {
    const { cli, backup: folder } = installation;
    for (let run = 0; run < 2; run++) {
      const result = await cli(['backup', 'redis', '--json']);
      expect([result.code, result.stderr]).toEqual([0, expect.not.stringContaining('could not')]);
      const { archive, copies } = result.json as { archive: string; copies: string[] };
      expect(copies).toHaveLength(run === 0 ? 2 : 0);
      const alias = join(folder, 'redis/latest_backup.tar.gz.enc');
      expect(lstatSync(alias).isFile()).toBe(true);
      expect(`redis/${readFileSync(alias, 'utf8')}`).toBe(archive);
      await sleep(1100); // names differ by the second
    }
    expect((await cli(['verify', 'redis', '--level', 'deep', '--last', '9', '--json'])).code).toBe(0);
    expect((await cli(['check', '--json'])).json).toMatchObject({ ok: true, findings: [] });
    const shown = await cli(['show', 'redis', `${folder}/redis/latest_backup.tar.gz.enc`, '--json']);
    expect(shown.code).toBe(0);
    expect((await cli(['audit', 'verify'])).code).toBe(0);
  }, 120_000);
});

test('a folder in the place of the alias does not fail backups, and check names it', async () => {
  const installation = install([redisTarget(redis)], { redis: { password: 'secret' } });
  const { cli, backup: folder } = installation;
  await cli(['backup', 'redis']);
  const alias = join(folder, 'redis/latest_backup.tar.gz.enc');
  rmSync(alias);
  mkdirSync(alias);
  writeFileSync(join(alias, 'inside'), '');
  await sleep(1100);
  const second = await cli(['backup', 'redis', '--json']);
  expect([second.code, second.stderr]).toEqual([0, expect.stringContaining('the alias was not moved')]);
  expect((await cli(['check', '--json'])).json).toMatchObject({ findings: [{ kind: 'latest-wrong' }] });
  await installation.dispose();
});
