import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { authenticate, readCatalog } from '../../runtime/src/archives/catalogue.ts';
import { loadPlan, openApp, type App } from '../../runtime/src/session/app.ts';
import { readThrough } from '../../runtime/src/archives/read.ts';
import { writeArchive } from '../../runtime/src/archives/write.ts';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';
import { testRun, type TestRun } from '../kit/run.ts';
import { startS3, type S3Server } from '../kit/s3.ts';
import { entriesOf } from '../kit/streams.ts';

/** Of each command on each store. CI takes a sample; KILLS=25 are 100 in all on each. */
const kills = Number(process.env['KILLS'] ?? 10);

const stores = {
  directory: ({ backup }: Installation): object => ({ directory: { path: backup } }),
  s3: ({ folder }: Installation): object => ({
    s3: { base: `s3://kills/${basename(folder)}`, endpoint: server.endpoint, forcePathStyle: true },
  }),
};

let redis: TestRedis;
let server: S3Server;

beforeAll(async () => {
  [redis, server] = await Promise.all([startRedis(), startS3()]);
  await server.createBucket('kills');
  // Large enough that a kill meets every step, and that an upload to S3 has several parts.
  await redis.cli(
    'EVAL',
    `for i = 1, 300 do redis.call('SET', 'key:' .. i, string.rep(tostring(i), 10000)) end return 1`,
    '0',
  );
}, 120_000);

afterAll(() => Promise.all([redis.stop(), server.stop()]));

describe.each(Object.keys(stores) as (keyof typeof stores)[])('SIGKILL at any instant, on %s', (kind) => {
  let installation: Installation;
  let run: TestRun;
  let keyIds: readonly string[];
  let keys: App['keys'];

  const plan = (more: object = {}): object => {
    const target = {
      name: 'redis',
      engine: 'redis',
      connection: { host: redis.host, port: redis.port },
      secret: { name: 'redis' },
      ...more,
    };
    const keys = keyIds.map((id) => ({ id, secretKey: id === 'primary' ? 'encryption-key' : id }));
    return planFor(installation.backup, [target], {
      stores: stores[kind](installation),
      encryption: { keys },
    });
  };

  const succeed = async (...args: readonly string[]): Promise<void> => {
    const { code, stdout, stderr } = await installation.cli([...args, '--json']);
    expect({ args, code, output: code === 0 ? '' : stdout + stderr }).toEqual({ args, code: 0, output: '' });
  };

  const openHere = async (): Promise<App> =>
    openApp(run, await loadPlan({}, join(installation.folder, 'plan.json')), () => ({
      add: () => {},
      done: () => {},
    }));

  /** Every archive that counts is whole; resolves to the time of the newest one. */
  const inspectCatalog = async (): Promise<string> => {
    const app = { ...(await openHere()), keys };
    const { archives, broken } = await readCatalog(app.stores.primary, 'redis');
    expect(broken).toEqual([]);
    for (const archive of archives) {
      const manifest = await authenticate(archive, app.keys);
      expect((await app.stores.primary.head(archive.key))?.bytes).toBe(manifest.archiveBytes);
    }
    const newest = archives.at(-1)!;
    await readThrough(app, { ...newest, manifest: newest.signed.manifest });
    return newest.signed.manifest.startedAt;
  };

  /** Something for retention to remove. */
  const writeOldArchive = async (time: Date): Promise<void> => {
    const app = await openHere();
    const dump = {
      server: { product: 'Redis', version: '7.0.15', tools: {} },
      entries: entriesOf({ 'dump.rdb': 'old' }),
      fingerprint: () => Promise.resolve({}),
      close: () => Promise.resolve(),
    };
    await writeArchive({ ...app, run: { ...run, now: () => time } }, app.plan.targets[0]!, dump, 'daily');
  };

  const timeOf = async (args: readonly string[]): Promise<number> => {
    const begun = performance.now();
    await succeed(...args);
    return performance.now() - begun;
  };

  /** Runs a command and kills it, with all it started, after a random share of the time that it takes. */
  const killed = async (args: readonly string[], usualMs: number): Promise<void> => {
    const program = join(import.meta.dirname, '../../runtime/bin/grill-backup');
    const child = spawn(program, args, { env: installation.env, stdio: 'ignore', detached: true });
    const closed = once(child, 'close');
    await Promise.race([closed, sleep(usualMs * 1.1 * Math.random())]);
    try {
      process.kill(-child.pid!, 'SIGKILL');
    } catch {
      // it was faster
    }
    await closed;
  };

  beforeEach(async () => {
    keyIds = ['primary', 'k2'];
    const s3Keys = { 's3-access-key': server.accessKey, 's3-secret-key': server.secretKey };
    const k2 = 'a second passphrase of good length';
    installation = install([], {
      'backup-encryption-secret': { 'encryption-key': 'correct horse battery staple', k2, ...s3Keys },
    });
    run = testRun({
      readSecret: (secret, key) => readFile(join(installation.folder, 'secrets', secret, key), 'utf8'),
    });
    installation.setPlan(plan());
    keys = (await openHere()).keys; // derived keys are remembered over the rounds
    await succeed('backup', 'redis');
  });

  afterEach(async () => {
    await run.dispose();
    await installation.dispose();
  });

  const commands: Readonly<
    Record<string, { args: readonly string[]; before?: (round: number) => void | Promise<void> }>
  > = {
    backup: { args: ['backup', 'redis'] },
    rekey: {
      args: ['rekey', 'redis'],
      before: (round) => {
        keyIds = round % 2 === 0 ? ['k2', 'primary'] : ['primary', 'k2'];
        installation.setPlan(plan());
      },
    },
    prune: {
      args: ['prune', 'redis', '--force'],
      before: async (round) => {
        installation.setPlan(plan({ retention: { days: 1, weekly: 0, monthly: 0 } }));
        for (const hour of [1, 2]) await writeOldArchive(new Date(Date.UTC(2024, 0, 1 + round, hour)));
      },
    },
    restore: { args: ['restore', 'redis', '--force'] },
  };

  test.each(Object.entries(commands))(
    '%s leaves a consistent catalogue, and the next run succeeds',
    async (_name, { args, before }) => {
      const usualMs = await timeOf(args);
      let newest = await inspectCatalog();
      for (let round = 0; round < kills; round++) {
        await before?.(round);
        await killed(args, usualMs);
        const now = await inspectCatalog();
        expect(now >= newest).toBe(true);
        newest = now;
      }
      await succeed(...args);
      await succeed('check', '--repair');
      await succeed('check');
      await succeed('backup', 'redis');
      await succeed('restore', 'redis', '--force');
      expect(await redis.cli('GET', 'key:7')).toBe('7'.repeat(10_000));
      expect(await redis.cli('DBSIZE')).toBe('300');
    },
    300_000,
  );
});
