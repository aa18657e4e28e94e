import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

const password = 'redis-password-of-the-test';
let postgresql: TestPostgresql;
let redis: TestRedis;
let installation: Installation;

const targets = (database: string) => [
  {
    name: 'postgresql',
    engine: 'postgresql',
    connection: { host: postgresql.host, port: postgresql.port, database },
    secret: { name: 'postgresql' },
  },
  {
    name: 'redis',
    engine: 'redis',
    connection: { host: redis.host, port: redis.port },
    secret: { name: 'redis' },
  },
];

const reports = () =>
  readdirSync(join(installation.backup, 'restores'))
    .toSorted()
    .map((name) => JSON.parse(readFileSync(join(installation.backup, 'restores', name), 'utf8')));

const count = () => postgresql.psql('shop', 'SELECT count(*) FROM users');

beforeAll(async () => {
  [postgresql, redis] = await Promise.all([startPostgresql(), startRedis({ password })]);
  await postgresql.psql('postgres', 'CREATE DATABASE shop');
  await postgresql.psql(
    'shop',
    'CREATE TABLE users AS SELECT generate_series(1, 100) n; CREATE TABLE orders (n int)',
  );
  await redis.script(['SET session:1 a', 'SET cache:1 b']);
  const secrets = {
    postgresql: { username: postgresql.user, password: postgresql.password },
    redis: { password },
  };
  installation = install(targets('shop'), secrets);
  for (const target of ['postgresql', 'redis'])
    expect((await installation.cli(['backup', target])).code).toBe(0);
}, 60_000);

afterAll(async () => {
  await installation.dispose();
  await Promise.all([postgresql.stop(), redis.stop()]);
});

test('full restores every target, with one report', async () => {
  await postgresql.psql('shop', 'DELETE FROM users');
  await redis.cli('FLUSHALL');
  const { code, json } = await installation.cli(['restore', 'full', '--force', '--jobs', '2', '--json']);
  expect(code).toBe(0);
  expect(json).toMatchObject({ status: 'restored', notBegun: [], environment: 'test' });
  expect(json.restored).toMatchObject([
    { target: 'postgresql', equal: true, kept: expect.stringContaining('shop_before_') },
    { target: 'redis', equal: true },
  ]);
  expect(json.sourceBytes).toBe(json.restored[0].sourceBytes + json.restored[1].sourceBytes);
  expect(reports()).toEqual([json]);
  expect([await count(), await redis.cli('GET', 'session:1')]).toEqual(['100', 'a']);
}, 60_000);

test('full stops at the first failure, and says what was done and what was not', async () => {
  const [first, second] = targets('shop');
  const broken = { ...second, connection: { host: redis.host, port: 1 }, name: 'redis' };
  await postgresql.psql('shop', 'DELETE FROM users');
  installation.setPlan(planFor(installation.backup, [first!, broken]));
  const { code, json, stderr } = await installation.cli(['restore', 'full', '--force', '--json']);
  expect(code).toBe(7);
  expect(json).toMatchObject({
    status: 'failed',
    restored: [{ target: 'postgresql' }],
    failed: { target: 'redis' },
  });
  expect(stderr).toMatch(/restored before: postgresql/);
  expect(reports().at(-1)).toEqual(json);
  expect(await count()).toBe('100');

  installation.setPlan(planFor(installation.backup, [broken, first!]));
  const other = await installation.cli(['restore', 'full', '--force']);
  expect(other.stdout).toMatch(/FAILED +redis: .*\n +not begun +postgresql/);
  expect(other.stderr).toMatch(/restored before: none; not begun: postgresql/);
  installation.setPlan(planFor(installation.backup, targets('shop')));
}, 60_000);

test('only a part, as a dry run says and the run does', async () => {
  await postgresql.psql('shop', 'DELETE FROM users; INSERT INTO orders VALUES (1)');
  const dry = await installation.cli(['restore', 'postgresql', '--only', 'public.users', '--dry-run']);
  expect(dry.stdout).toMatch(
    /effect  only public.users is replaced, the rest of the live data is left alone/,
  );
  expect(await count()).toBe('0');
  const { json } = await installation.cli([
    ...['restore', 'postgresql', '--force', '--json', '--only', 'public.users'],
  ]);
  expect(json).toMatchObject([
    { only: ['public.users'], equal: true, fingerprint: { 'public.users': { rows: 100 } } },
  ]);
  expect([await count(), await postgresql.psql('shop', 'SELECT count(*) FROM orders')]).toEqual(['100', '1']);
}, 60_000);

test('keys: only, with the command that undoes it, and a test that changes nothing', async () => {
  await redis.script(['SET session:1 live', 'SET cache:1 live']);
  const tried = await installation.cli(['restore', 'redis', '--only', 'session:*', '--test', '--json']);
  expect(tried.json).toMatchObject([{ mode: 'test', equal: true }]);
  expect(await redis.cli('MGET', 'session:1', 'cache:1')).toBe('live\nlive');
  const { json } = await installation.cli(['restore', 'redis', '--only', 'session:*', '--force', '--json']);
  expect(await redis.cli('MGET', 'session:1', 'cache:1')).toBe('a\nlive');
  expect(json[0].undo).toMatch(/ --only 'session:\*' --force$/);
  const [safety] = json;
  await installation.cli(['restore', 'redis', safety.safetyArchive, '--only', 'session:*', '--force']);
  expect(await redis.cli('MGET', 'session:1', 'cache:1')).toBe('live\nlive');
}, 60_000);

test('what an engine cannot do is refused before anything is read', async () => {
  const merge = await installation.cli(['restore', 'postgresql', '--merge', '--force']);
  expect([merge.code, merge.stderr]).toEqual([
    7,
    expect.stringMatching(/postgresql does not support --merge/),
  ]);
  const into = await installation.cli(['restore', 'redis', '--into', 'copy', '--dry-run']);
  expect([into.code, into.stderr]).toEqual([7, expect.stringMatching(/redis databases have numbers/)]);
  const jobs = await installation.cli(['restore', 'redis', '--jobs', '2', '--dry-run']);
  expect([jobs.code, jobs.stderr]).toEqual([7, expect.stringMatching(/redis is restored by one job/)]);
});
