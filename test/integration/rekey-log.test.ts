import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { postgresql } from '../../runtime/src/engines/postgresql/index.ts';
import { loadPlan, openApp, type App } from '../../runtime/src/session/app.ts';
import { factsOf } from '../../runtime/src/wal/base-manifest.ts';
import { readBases, verifyBase } from '../../runtime/src/wal/bases.ts';
import { compact } from '../../runtime/src/wal/compaction.ts';
import { readIndexed } from '../../runtime/src/wal/index-problems.ts';
import { placeOf } from '../../runtime/src/wal/place.ts';
import { verifyLog } from '../../runtime/src/wal/verify.ts';
import { root } from '../kit/environments.ts';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { freePort } from '../kit/private-server.ts';
import { endReceiver, hasStoredAll, startReceiverProcess } from '../kit/receiver-process.ts';
import { testRun, type TestRun } from '../kit/run.ts';
import { until } from '../kit/until.ts';

/** Kills of a rekey in CI; REKEY_KILLS=50 is the whole family. */
const kills = Number(process.env['REKEY_KILLS'] ?? 3);

/** Programs are started one after the other, on a machine that may be busy. */
const slowMs = 900_000 + kills * 60_000;

const log = mustExist(postgresql.log, 'log');

let server: TestPostgresql;
let installation: Installation;
let run: TestRun;
let port: number;
const started: ChildProcess[] = [];

const sql = (text: string): Promise<string> => server.psql('grill', text);

const setKeys = (...ids: readonly string[]): void => {
  const target = {
    name: 'postgresql',
    engine: 'postgresql',
    connection: { host: server.host, port: server.port, database: 'grill' },
    secret: { name: 'pg' },
    pointInTime: { interval: '1s', pieceSize: '256Ki' },
  };
  const keys = ids.map((id) => ({ id, secretKey: id === 'primary' ? 'encryption-key' : id }));
  installation.setPlan(planFor(installation.backup, [target], { encryption: { keys } }));
};

const openHere = async (): Promise<App> =>
  openApp(run, await loadPlan({}, join(installation.folder, 'plan.json')), () => ({
    add: () => {},
    done: () => {},
  }));

const succeed = async (...args: readonly string[]) => {
  const { code, json, stderr } = await installation.cli([...args, '--json']);
  expect({ args, code, stderr: code === 0 ? '' : stderr }).toEqual({ args, code: 0, stderr: '' });
  return json;
};

const startReceiver = async (): Promise<ChildProcess> => {
  const child = await startReceiverProcess(installation.env, port);
  started.push(child);
  return child;
};

/** Writes without a pause until it is stopped. */
const load = () => {
  let isOver = false;
  const working = (async () => {
    while (!isOver)
      await sql('INSERT INTO filled SELECT n, md5(random()::text) FROM generate_series(1, 500) n');
  })();
  return async (): Promise<void> => {
    isOver = true;
    await working;
  };
};

/** As if the hour were over: what is stored becomes segments with an index. */
const compactAll = async (app: App): Promise<void> => {
  const place = placeOf(app, 'postgresql');
  const [base] = (await readBases(app, app.stores.primary, 'postgresql')).bases;
  const { pieces } = await readIndexed(place, mustExist(base, 'base').manifest.base.systemIdentifier);
  const newest = mustExist(pieces.toSorted((a, b) => a.time - b.time).at(-1), 'piece');
  await compact(run, place, { ...newest, time: newest.time + 3_600_000 });
};

/** Every byte from each base on is there and proves itself, with the keys of the plan of now. */
const prove = async (): Promise<void> => {
  const app = await openHere();
  const place = placeOf(app, 'postgresql');
  const { bases, broken } = await readBases(app, app.stores.primary, 'postgresql');
  expect(broken).toEqual([]);
  expect(bases.length).toBeGreaterThan(0);
  for (const base of bases) {
    await verifyBase(app, base, 'quick');
    const facts = factsOf(base.manifest);
    const stored = await readIndexed(place, facts.system);
    expect(stored.hours.length).toBeGreaterThan(0);
    await verifyLog({ place, log, facts, stored }, 'deep');
  }
};

const killed = async (args: readonly string[], afterMs: number): Promise<void> => {
  const child = spawn(process.execPath, [join(root, 'runtime/src/cli/main.ts'), ...args], {
    env: installation.env,
    stdio: 'ignore',
  });
  const ended = once(child, 'exit');
  await Promise.race([ended, sleep(afterMs)]);
  child.kill('SIGKILL');
  await ended;
};

beforeAll(async () => {
  server = await startPostgresql({ settings: { max_slot_wal_keep_size: '8GB' } });
  await server.psql('postgres', 'CREATE DATABASE grill');
  await sql('CREATE TABLE filled (n int, text text)');
  installation = install([], {
    pg: { username: server.user, password: server.password },
    'backup-encryption-secret': {
      'encryption-key': 'correct horse battery staple',
      k2: 'a new passphrase of good length',
    },
  });
  run = testRun({
    readSecret: (secret, key) => readFile(join(installation.folder, 'secrets', secret, key), 'utf8'),
  });
  port = await freePort();
  setKeys('primary');
}, slowMs);

afterAll(async () => {
  for (const child of started) await endReceiver(child, 'SIGKILL');
  await server.stop();
  await run.dispose();
  await installation.dispose();
});

test(
  'a key is replaced while the receiver goes on, killed at any instant, and the new key alone restores all of it',
  async () => {
    const first = await startReceiver();
    await succeed('base', 'postgresql');
    const fill = load();
    await sleep(5000);
    await fill();
    expect(await until(() => hasStoredAll(port), 300)).toBe(true);
    expect(await endReceiver(first, 'SIGTERM')).toBe(0);
    await compactAll(await openHere());

    setKeys('k2', 'primary');
    const second = await startReceiver();
    const stopLoad = load();
    const begun = performance.now();
    const dry = await succeed('rekey', '--dry-run');
    const usualMs = performance.now() - begun;
    expect(dry.map(({ from }: { from: string }) => from)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^base\/postgresql\/base_/),
        expect.stringMatching(/^wal\/postgresql\/\d+\/00000001\/$/),
        'wal/postgresql/receptions/',
      ]),
    );
    for (let count = 0; count < kills; count++) {
      await killed(['rekey', 'postgresql'], Math.random() * 1.3 * usualMs);
      await prove();
    }
    for (const { failed, kept } of await succeed('rekey')) expect({ failed, kept }).toEqual({});
    expect(await succeed('rekey')).toEqual([]);
    await stopLoad();
    expect(await until(() => hasStoredAll(port), 300)).toBe(true);
    expect(await endReceiver(second, 'SIGTERM')).toBe(0);

    setKeys('k2');
    await prove();
    await sql('INSERT INTO filled SELECT -1');
    const third = await startReceiver(); // goes on from what was rewritten
    expect(await until(() => hasStoredAll(port), 300)).toBe(true);
    const rows = Number(await sql('SELECT count(*) FROM filled'));
    expect(await succeed('restore', 'postgresql', '--to', 'latest', '--test')).toMatchObject([
      { equal: true, fingerprint: { 'public.filled': { rows } } },
    ]);
    expect(await endReceiver(third, 'SIGTERM')).toBe(0);

    await succeed('base', 'postgresql');
    const trail = (await succeed('audit', 'show')) as { command: string; ok: boolean }[];
    expect(trail.filter(({ command }) => command === 'receive').map(({ ok }) => ok)).toEqual([
      true,
      true,
      true,
    ]);
    expect(trail.filter(({ command }) => command === 'rekey').length).toBeGreaterThanOrEqual(2);
  },
  slowMs,
);
