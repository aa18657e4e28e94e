import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { jsonOn, runOn } from '../kit/command-line.ts';
import { recordsOf, testApp } from '../kit/app.ts';
import { directoryStore } from '../../runtime/src/store/directory.ts';
import type { CheckReport } from '../../runtime/src/commands/check/result.ts';
import type { App } from '../../runtime/src/session/app.ts';
import { putPiece, sealPiece } from '../../runtime/src/wal/piece.ts';
import { placeOf } from '../../runtime/src/wal/place.ts';
import { recordGap } from '../../runtime/src/wal/gaps.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';

let server: TestPostgresql;
let app: App;
const folder = workFolder('wal-command');
const at = Date.parse('2026-11-29T10:00:00Z');
const system = '7000000000000000001';

beforeAll(async () => {
  server = await startPostgresql({ settings: { max_slot_wal_keep_size: '1GB' } });
  app = testApp({
    stores: { primary: directoryStore({ path: folder }), replicas: [] },
    targets: [
      {
        name: 'postgresql',
        engine: 'postgresql',
        connection: { host: server.host, port: server.port, database: 'postgres' },
        secret: { name: 'pg' },
        pointInTime: { slot: 'mine' },
      },
      { name: 'redis', engine: 'redis', connection: { host: 'redis' }, secret: { name: 'redis' } },
    ],
    run: { readSecret: async (_, key) => (key === 'username' ? server.user : server.password) },
  });
}, 60_000);

afterAll(async () => {
  await server.stop();
  await removeFolder(folder);
});

const store = async (from: bigint, to: bigint, time: number): Promise<void> => {
  const place = placeOf(app, 'postgresql');
  const plain = Buffer.alloc(Number(to - from));
  await putPiece(place, await sealPiece(place, { system, timeline: 1, from, to, time }, plain));
};

test('status shows what is stored, its gaps and the slot', async () => {
  await store(0x1000000n, 0x1001000n, at);
  await store(0x1001000n, 0x1002000n, at + 5000);
  await store(0x2000000n, 0x2001000n, at + 9000);
  const gap = { system, timeline: 1, from: 0x1002000n, to: 0x2000000n };
  await recordGap(placeOf(app, 'postgresql'), gap, 'a test', new Date(at));
  const { json, problem } = await jsonOn(app, 'wal', 'status', 'postgresql');
  expect(problem).toBeUndefined();
  expect(json.slot).toEqual({ name: 'mine', status: 'absent' });
  expect(json.stretches).toEqual([
    {
      system,
      timeline: 1,
      from: '0/1000000',
      to: '0/1002000',
      objects: 2,
      firstAt: '2026-11-29T10:00:00.000Z',
      lastAt: '2026-11-29T10:00:05.000Z',
    },
    expect.objectContaining({ from: '0/2000000', to: '0/2001000', objects: 1 }),
  ]);
  expect(json.gaps).toEqual([{ system, timeline: 1, from: '0/1002000', to: '0/2000000' }]);
  const { stdout } = await runOn(app, 'wal', 'status', 'postgresql');
  expect(stdout).toMatch(/gap in 7000000000000000001, timeline 1: 0\/1002000 to 0\/2000000\n1 recorded gap/);
});

test('release drops the slot, asks before, and finds none the second time', async () => {
  await server.psql('postgres', `SELECT pg_create_physical_replication_slot('mine', true)`);
  expect((await runOn(app, 'wal', 'release', 'postgresql')).problem).toMatchObject({
    code: 'restore.refused',
  });
  const { json } = await jsonOn(app, 'wal', 'release', 'postgresql', '--force');
  expect(json).toEqual({ target: 'postgresql', slot: 'mine', before: 'idle', released: true });
  expect(await server.psql('postgres', 'SELECT count(*) FROM pg_replication_slots')).toMatch(/^0/);
  const [record] = await recordsOf(app.stores.primary, 'postgresql');
  expect(record).toMatchObject({ command: 'release', ok: true, figures: { slot: 'mine', before: 'idle' } });
  const { json: trail } = await jsonOn(app, 'audit', 'show');
  expect(trail).toEqual([expect.objectContaining({ command: 'release', target: 'postgresql', ok: true })]);
  const { stdout } = await runOn(app, 'wal', 'release', 'postgresql', '--force');
  expect(stdout).toBe('the server has no slot mine\n');
});

test('status tells of a slot that is left although the plan keeps no log', async () => {
  const targets = app.plan.targets.map(({ pointInTime: _, ...target }) => target);
  const without = { ...app, plan: { ...app.plan, targets } };
  expect((await jsonOn(without, 'wal', 'status', 'postgresql')).json.slot).not.toHaveProperty('problem');
  await server.psql(
    'postgres',
    `SELECT pg_create_physical_replication_slot('grill_backup_test_postgresql', true)`,
  );
  expect((await jsonOn(without, 'wal', 'status', 'postgresql')).json.slot).toMatchObject({
    status: 'idle',
    problem: expect.stringContaining('grill-backup wal release postgresql'),
  });
  const slots = async () =>
    ((await jsonOn(without, 'check', 'postgresql')).json as CheckReport).findings.filter(
      ({ kind }) => kind === 'slot-left',
    );
  const [left] = await slots();
  expect(left).toMatchObject({ key: 'grill_backup_test_postgresql', severity: 'problem' });
  const [, statement] = /or on the server (SELECT .*)$/.exec(left!.message)!;
  await server.psql('postgres', statement!);
  expect(await slots()).toEqual([]);
});

test('a database without a log is a mistake of usage', async () => {
  expect((await runOn(app, 'wal', 'status', 'redis')).problem).toMatchObject({ code: 'usage.invalid' });
});
