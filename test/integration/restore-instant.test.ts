import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { takeArchive } from '../../runtime/src/archives/take.ts';
import { takeBase } from '../../runtime/src/commands/base/base.ts';
import type { RestoreOptions } from '../../runtime/src/commands/restore/plan.ts';
import { restore } from '../../runtime/src/commands/restore/restore.ts';
import type { RestoreResult } from '../../runtime/src/commands/restore/result.ts';
import { renderRestore } from '../../runtime/src/commands/restore/text.ts';
import { verify } from '../../runtime/src/commands/verify/verify.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { oneChunk } from '../../runtime/src/core/one-chunk.ts';
import { collect } from '../../runtime/src/core/process.ts';
import { findTarget, type App } from '../../runtime/src/session/app.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { accountOf, targetWithLog, testApp } from '../kit/app.ts';
import { passphrase } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';
import { receiveWal, type ReceivedWal } from '../kit/received-wal.ts';
import { storeLog } from '../kit/store-log.ts';
import { until } from '../kit/until.ts';

let server: TestPostgresql;
let wal: ReceivedWal;
let fixture: StoreFixture;
let app: App;
let pieces: readonly string[];
/** Archive of a target without a log, from before the accident. */
let early: string;
/** Just before the accident. */
let before: Date;

/** A recovery starts two servers, whose time is that of a busy machine. */
const slowMs = 300_000;

const sql = (text: string): Promise<string> => server.psql('grill', text);

/** Files below a folder that hold a text. */
const filesWith = async (folder: string, text: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true }))
    if (entry.isFile() && (await readFile(join(entry.parentPath, entry.name))).includes(text))
      found.push(entry.name);
  return found;
};

const restoreTo = async (options: Partial<RestoreOptions>): Promise<RestoreResult> => {
  const { results, failed } = await restore(app, ['postgresql'], {
    until: { time: before },
    test: false,
    dryRun: false,
    confirm: () => Promise.resolve(true),
    ...options,
  });
  if (failed) throw failed.error;
  return mustExist(results[0], 'result');
};

beforeAll(async () => {
  server = await startPostgresql();
  wal = await receiveWal(server);
  await server.psql('postgres', `CREATE ROLE replicating LOGIN REPLICATION PASSWORD 'secret'`);
  await server.psql('postgres', 'CREATE DATABASE grill');
  await sql(`CREATE TABLE users AS SELECT g AS id, 'name ' || g AS name FROM generate_series(1, 1000) g;
    CREATE TABLE orders AS SELECT g AS id FROM generate_series(1, 10) g`);
  fixture = await startDirectory();
  const replicating = { user: 'replicating', password: 'secret' };
  const readSecret = (secret: string, key: string) =>
    accountOf(secret === 'replicating' ? replicating : server)(secret, key);
  const withLog = targetWithLog(server, 'grill');
  app = testApp({
    stores: { primary: await fixture.open(), replicas: [] },
    targets: [
      { ...withLog, pointInTime: { secret: { name: 'replicating' } } },
      { ...withLog, name: 'nightly', pointInTime: undefined },
    ],
    run: { readSecret },
  });
  await takeBase(app, 'postgresql');
  early = (await takeArchive(app, findTarget(app.plan, 'nightly'), 'daily')).key;
  await sql(`INSERT INTO users SELECT g, 'late ' || g FROM generate_series(1001, 1500) g`);
  before = new Date(Number(await sql('SELECT ceil(extract(epoch FROM clock_timestamp()) * 1000) + 1')));
  await sql('SELECT pg_sleep(0.005); DELETE FROM users WHERE id > 200; INSERT INTO orders VALUES (11)');
  await takeArchive(app, findTarget(app.plan, 'nightly'), 'daily');
  pieces = await storeLog(app, 'postgresql', await wal.reader());
});

afterAll(async () => {
  await wal.stop();
  await server.stop();
  await fixture.stop();
});

describe('a restore to an instant', () => {
  test('says first which base and how much log it takes, and changes nothing', async () => {
    const plan = await restoreTo({ dryRun: true });
    expect(plan).toMatchObject({
      dryRun: true,
      instant: before.toISOString(),
      archive: expect.stringMatching(/^base\/postgresql\/base_/),
    });
    expect(mustExist(plan.logBytes, 'log')).toBeGreaterThan(0);
    expect(Date.parse(mustExist(plan.newestInstant, 'newest'))).toBeGreaterThan(before.getTime());
    expect((await sql('SELECT count(*) FROM users')).trim()).toBe('200');
  });

  test(
    'tries it without touching the live data',
    async () => {
      expect(await restoreTo({ test: true })).toMatchObject({
        equal: true,
        fingerprint: { 'public.users': { rows: 1500 }, 'public.orders': { rows: 10 } },
      });
      expect((await sql('SELECT count(*) FROM users')).trim()).toBe('200');
    },
    slowMs,
  );

  test(
    'brings one table back, and leaves the others',
    async () => {
      expect(await restoreTo({ only: ['public.users'] })).toMatchObject({ equal: true });
      expect((await sql('SELECT count(*), max(name) FROM users')).trim()).toBe('1500|name 999');
      expect((await sql('SELECT count(*) FROM orders')).trim()).toBe('11');
    },
    slowMs,
  );

  test(
    'puts all of it in the place of the live data, and says how that comes back',
    async () => {
      const result = await restoreTo({});
      expect(result).toMatchObject({ equal: true, kept: expect.stringContaining('grill_before_') });
      expect(result.undo).toContain('psql');
      expect((await sql('SELECT count(*) FROM orders')).trim()).toBe('10');
      expect((await sql('SELECT count(*) FROM users')).trim()).toBe('1500');
    },
    slowMs,
  );

  test(
    'restores beside the live data',
    async () => {
      await restoreTo({ into: 'grill_then', until: 'latest' });
      expect((await server.psql('grill_then', 'SELECT count(*) FROM users')).trim()).toBe('200');
    },
    slowMs,
  );

  test(
    'writes a data directory that a new server starts from, at the last commit before',
    async () => {
      const parent = workFolder('pgdata');
      const folder = join(parent, 'data');
      try {
        const confirm = () => Promise.reject(new Error('nothing live is touched: no question'));
        const result = await restoreTo({ dataDirectory: folder, confirm });
        expect(result).toMatchObject({ mode: 'directory', into: folder, instant: before.toISOString() });
        for (const secret of [passphrase, server.password])
          expect(await filesWith(folder, secret)).toEqual([]);
        const recovered = await startPostgresql({ data: folder, password: server.password });
        try {
          await until(async () => {
            const open = await recovered.psql('postgres', 'SELECT pg_is_in_recovery()');
            return open.trim() === 'f';
          });
          const counted = await recovered.psql(
            'grill',
            `SELECT (SELECT count(*) FROM users), (SELECT max(id) FROM users), (SELECT count(*) FROM orders)`,
          );
          expect(counted.trim()).toBe('1500|1500|10');
          await recovered.psql('grill', 'INSERT INTO orders VALUES (12)');
        } finally {
          await recovered.stop();
        }
        await expect(restoreTo({ dataDirectory: folder, until: 'latest' })).rejects.toMatchObject({
          code: 'restore.refused',
          message: `${folder} is not empty`,
        });
      } finally {
        await removeFolder(parent);
      }
    },
    slowMs,
  );

  test('leaves an empty folder where a data directory could not be written', async () => {
    const folder = workFolder('pgdata');
    const piece = mustExist(pieces.at(-1), 'piece');
    const whole = await collect(app.stores.primary.get(piece));
    const altered = Buffer.from(whole);
    altered[altered.length - 1]! ^= 1;
    await app.stores.primary.put(piece, oneChunk(altered), { replace: true });
    try {
      await expect(restoreTo({ dataDirectory: folder })).rejects.toMatchObject({ code: 'archive.damaged' });
      expect(await readdir(folder)).toEqual([]);
    } finally {
      await app.stores.primary.put(piece, oneChunk(Buffer.from(whole)), { replace: true });
      await removeFolder(folder);
    }
  });

  test('of all targets brings those without a log as near as their archives are, and says how near', async () => {
    const confirm = () => Promise.resolve(true);
    const all = (until: Date) =>
      restore(app, ['postgresql', 'nightly'], { until: { time: until }, test: false, dryRun: true, confirm });
    const [logged, nightly] = (await all(before)).results;
    expect(logged).toMatchObject({ instant: before.toISOString() });
    expect(logged).not.toHaveProperty('skewSeconds');
    expect(nightly).toMatchObject({ archive: early });
    const { takenAt, skewSeconds } = mustExist(nightly, 'result');
    expect(skewSeconds).toBe((before.getTime() - Date.parse(takenAt)) / 1000);
    expect(renderRestore([mustExist(nightly, 'result')])).toContain('before the instant');
    const alone = restore(app, ['nightly'], { until: { time: before }, test: true, dryRun: true, confirm });
    await expect(alone).rejects.toMatchObject({ code: 'archive.unknown' }); // no base: never another moment in silence
  });

  test('is refused where a target has no archive from before', async () => {
    const confirm = () => Promise.resolve(true);
    const options = { until: { time: new Date(1000) }, test: false, dryRun: true, confirm };
    await expect(restore(app, ['nightly', 'postgresql'], options)).rejects.toMatchObject({
      code: 'archive.unknown',
      message: expect.stringContaining('that was begun before 1970-01-01T00:00:01.000Z'),
    });
  });

  test('is proved by a deep verification of base and log', async () => {
    const { results } = await verify(app, { level: 'deep', target: 'postgresql', last: 1 });
    expect(results.filter(({ tier }) => tier === 'base' || tier === 'log')).toMatchObject([
      { tier: 'base', level: 'deep', ok: true },
      { tier: 'log', level: 'deep', ok: true },
    ]);
  });

  test('is refused before the oldest base, and beyond a hole, whose beginning is offered', async () => {
    await expect(restoreTo({ until: { time: new Date(0) } })).rejects.toMatchObject({
      code: 'log.unreached',
      message: expect.stringContaining('before the oldest base'),
    });
    await app.stores.primary.remove(mustExist(pieces.at(-2), 'piece'));
    await expect(restoreTo({})).rejects.toMatchObject({
      code: 'log.unreached',
      message: expect.stringContaining('where a hole begins'),
    });
    const { results } = await verify(app, { level: 'quick', target: 'postgresql', last: 1 });
    expect(results.find(({ tier }) => tier === 'log')).toMatchObject({ problem: { code: 'log.gap' } });
  });
});
