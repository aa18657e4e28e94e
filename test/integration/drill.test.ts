import { readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { decodeManifest, encodeManifest } from '../../runtime/src/archives/manifest.ts';
import { openKey } from '../../runtime/src/crypto/key-ring.ts';
import { seedCommands } from '../conformance/engines/redis.ts';
import { install, passphrase, planFor, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { startRedis, type TestRedis } from '../kit/redis.ts';

let postgresql: TestPostgresql;
let redis: TestRedis;
let installation: Installation;

const targets = (more: object = {}) => [
  {
    name: 'postgresql',
    engine: 'postgresql',
    connection: { host: postgresql.host, port: postgresql.port, database: 'grillstats' },
    secret: { name: 'postgresql' },
    ...more,
  },
  {
    name: 'redis',
    engine: 'redis',
    connection: { host: redis.host, port: redis.port },
    secret: { name: 'redis' },
  },
];

const manifestOf = (archive: string) => join(installation.backup, `${archive}.manifest.json`);

const verifications = (archive: string) =>
  JSON.parse(readFileSync(manifestOf(archive), 'utf8')).verifications;

beforeAll(async () => {
  [postgresql, redis] = await Promise.all([
    startPostgresql(),
    startRedis({ password: 'redis-password-of-the-test' }),
  ]);
  await postgresql.psql('postgres', 'create database grillstats');
  await postgresql.psql(
    'grillstats',
    'create table users as select id, md5(id::text) as name from generate_series(1, 1000) id',
  );
  await redis.script(seedCommands); // every type, streams with groups, expiries
  await redis.cli('FUNCTION', 'LOAD', `#!lua name=f\nredis.register_function('f', function() return 1 end)`);
  installation = install(targets(), {
    postgresql: { username: postgresql.user, password: postgresql.password },
    redis: { password: 'redis-password-of-the-test' },
  });
});

afterAll(async () => {
  await installation.dispose();
  await Promise.all([postgresql.stop(), redis.stop()]);
});

describe('verify --level drill', () => {
  let archive: string;
  beforeAll(async () => {
    archive = (await installation.cli(['backup', 'postgresql', '--json'])).json.archive;
    expect((await installation.cli(['backup', 'redis', '--json'])).code).toBe(0);
  });

  test('restores the newest archive of every target into scratch servers and finds it equal', async () => {
    const live = await postgresql.psql('postgres', 'select datname from pg_database order by 1');
    const { code, json } = await installation.cli(['verify', '--level', 'drill', '--json']);
    expect(code).toBe(0);
    expect(json).toMatchObject({
      status: 'passed',
      archives: 2,
      results: [
        {
          target: 'postgresql',
          archive,
          level: 'drill',
          ok: true,
          restore: { rtoSeconds: 3600, withinRto: true },
        },
        { target: 'redis', level: 'drill', ok: true },
      ],
    });
    expect(await postgresql.psql('postgres', 'select datname from pg_database order by 1')).toBe(live);
    expect(verifications(archive)).toMatchObject([
      { level: 'drill', ok: true, seconds: json.results[0].restore.seconds },
    ]);
    expect(
      JSON.parse(readFileSync(join(installation.backup, 'verification/latest_drill.json'), 'utf8')),
    ).toEqual(json);
  });

  test('an archive that holds less than its manifest says is found by reading it, and by a drill', async () => {
    const before = readFileSync(manifestOf(archive), 'utf8');
    const { manifest } = decodeManifest(before, archive);
    const more = { ...manifest, fingerprint: { ...manifest.fingerprint, 'public.users': { rows: 1001 } } };
    writeFileSync(manifestOf(archive), await encodeManifest(more, [openKey('primary', passphrase)]));
    const read = await installation.cli([
      'verify',
      'postgresql',
      basename(archive),
      '--level',
      'deep',
      '--json',
    ]);
    expect([read.code, read.json.results[0].problem.message]).toEqual([
      8,
      expect.stringContaining('public.users'),
    ]);

    const { code, json } = await installation.cli([
      'verify',
      'postgresql',
      basename(archive),
      '--level',
      'drill',
      '--json',
    ]);
    expect(code).toBe(8);
    expect(json.results[0].problem).toEqual({
      code: 'restore.mismatch',
      message: 'restored data differs: public.users rows: expected 1001, found 1000',
    });
    expect(verifications(archive).at(-1)).toMatchObject({
      level: 'drill',
      ok: false,
      problem: 'restore.mismatch',
    });
    writeFileSync(manifestOf(archive), before);
  });

  test('--last drills as many of the newest archives, and copies of one backup count once', async () => {
    await new Promise((resolve) => setTimeout(resolve, 1100)); // archives are named by the second
    const newer = (await installation.cli(['backup', 'postgresql', '--json'])).json.archive;
    const { json } = await installation.cli([
      'verify',
      'postgresql',
      '--level',
      'drill',
      '--last',
      '5',
      '--json',
    ]);
    expect(json.results.map((result: { archive: string }) => result.archive)).toEqual([archive, newer]);
  });

  test.each(['0', 'x', '-1'])('--last %s is refused', async (last) => {
    const { code, stderr } = await installation.cli(['verify', '--last', last]);
    expect(code).toBe(2);
    expect(stderr).toContain('expected a whole number of 1 or more');
  });
});

describe('a drill whose restore takes more than a second', () => {
  beforeAll(async () => {
    // the restore fills it, and no machine sleeps faster
    const view = 'create materialized view slow as select count(*) from (select pg_sleep(1.2)) pause';
    await postgresql.psql('grillstats', view);
    expect((await installation.cli(['backup', 'postgresql'])).code).toBe(0);
  });
  afterEach(() => installation.setPlan(planFor(installation.backup, targets())));

  test('and is stopped by its deadline leaves a report that says what was not reached', async () => {
    installation.setPlan(planFor(installation.backup, targets(), { drill: { deadline: '1s' } }));
    const { code, json, stderr } = await installation.cli(['verify', '--level', 'drill', '--json']);
    expect(code).toBe(1);
    expect(json).toMatchObject({
      status: 'failed',
      stopped: 'stopped after 0.9s, shortly before the deadline of 1s',
      notReached: ['postgresql', 'redis'],
    });
    expect(stderr).toMatch(/verification\.incomplete.*not verified to the end: postgresql, redis/);
    expect(
      JSON.parse(readFileSync(join(installation.backup, 'verification/latest_drill.json'), 'utf8')),
    ).toEqual(json);
  });

  test('and misses its RTO says so, with the figures', async () => {
    installation.setPlan(planFor(installation.backup, targets({ rto: '1s' })));
    const { code, stdout } = await installation.cli(['verify', 'postgresql', '--level', 'drill']);
    expect(stdout).toMatch(/equal, restored in \S+ \(RTO 1s: MISSED\)/);
    expect(code).toBe(0);
  });
});
