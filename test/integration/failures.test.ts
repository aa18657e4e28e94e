import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { install, planFor, type CliResult, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { freePort } from '../kit/private-server.ts';
import { until } from '../kit/until.ts';

let postgresql: TestPostgresql;
let installation: Installation;

const target = (more: object = {}) => ({
  name: 'postgresql',
  engine: 'postgresql',
  connection: { host: postgresql.host, port: postgresql.port, database: 'grillstats', ...more },
  secret: { name: 'postgresql' },
});

beforeAll(async () => {
  postgresql = await startPostgresql();
  await postgresql.psql('postgres', 'create database grillstats');
  await postgresql.psql('postgres', 'create database empty');
  await postgresql.psql(
    'grillstats',
    'create table readings as select id, md5(id::text) as trace, repeat(md5(random()::text), 4) as noise from generate_series(1, 1000000) id',
  );
}, 60_000);

afterAll(() => postgresql.stop());

afterEach(() => installation.dispose());

beforeEach(() => {
  installation = install([target()], {
    postgresql: { username: postgresql.user, password: postgresql.password },
  });
});

/** A failed command: its exit code and error, no archive, no secret in what it printed. */
const failure = async (args: readonly string[], onStart?: (pid: number) => void): Promise<CliResult> => {
  const result = await installation.cli([...args, '--json'], onStart);
  expect(result.code).not.toBe(0);
  for (const secret of [postgresql.password, 'battery staple'])
    expect(result.stdout + result.stderr).not.toContain(secret);
  expect(result.stderr).not.toMatch(/\n\s+at /);
  return result;
};

const nothingCommitted = () => expect(installation.files()).toEqual([]);

describe('configuration: exit code 2', () => {
  test('no plan', async () => {
    rmSync(join(installation.folder, 'plan.json'));
    const { code, json } = await failure(['status']);
    expect(code).toBe(2);
    expect(json.error).toMatchObject({
      code: 'plan.missing',
      message: expect.stringContaining('plan.json cannot be read: ENOENT'),
    });
  });

  test('a plan that is no JSON', async () => {
    writeFileSync(join(installation.folder, 'plan.json'), '{');
    expect((await failure(['status'])).json.error).toMatchObject({ code: 'plan.invalid', exitCode: 2 });
  });

  test('a plan with several mistakes names all', async () => {
    installation.setPlan(
      planFor(installation.backup, [{ ...target({ port: 0, colour: 'red' }), schedule: '0 0 31 2 *' }]),
    );
    const { code, json } = await failure(['status']);
    expect(code).toBe(2);
    for (const part of ['targets[0].connection.port', 'colour', 'targets[0].schedule', 'never fires'])
      expect(json.error.message).toContain(part);
  });

  test('an unknown target', async () => {
    const { code, json } = await failure(['backup', 'mysql']);
    expect(code).toBe(2);
    expect(json.error.message).toBe('target mysql is not in the plan, which has postgresql');
  });

  test('a missing secret', async () => {
    rmSync(join(installation.folder, 'secrets/postgresql/password'));
    const { code, json } = await failure(['backup', 'postgresql']);
    expect(code).toBe(2);
    expect(json.error.message).toBe('key password of secret postgresql cannot be read: ENOENT');
    nothingCommitted();
  });

  test('a weak passphrase', async () => {
    installation.setSecret('backup-encryption-secret', 'encryption-key', 'CHANGEME-CHANGEME-CHANGEME');
    const { code, json } = await failure(['backup', 'postgresql']);
    expect(code).toBe(2);
    expect(json.error.message).toBe('encryption key primary is a placeholder');
    nothingCommitted();
  });

  test.each([[['bakup']], [['backup']], [['verify', '--level', 'deepest']]])(
    'a mistyped command: %j',
    async (args) => {
      const { code, stderr } = await installation.cli(args);
      expect(code).toBe(2);
      expect(stderr).toMatch(/^error: /);
    },
  );
});

describe('source: exit code 3', () => {
  test('nobody listens', async () => {
    installation.setPlan(planFor(installation.backup, [target({ port: await freePort() })]));
    const { code, json } = await failure(['backup', 'postgresql']);
    expect(code).toBe(3);
    expect(json.error.code).toBe('source.unreachable');
    nothingCommitted();
  });

  test('a wrong password', async () => {
    installation.setSecret('postgresql', 'password', 'wrong');
    const { code, json } = await failure(['backup', 'postgresql']);
    expect(code).toBe(3);
    expect(json.error.code).toBe('source.refused');
    nothingCommitted();
  });
});

/** Waits in the server until pg_dump copies a table, and ends its connection. */
const terminateDump = `
DO $$ BEGIN
  FOR attempt IN 1..30000 LOOP
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'grill-backup' AND query LIKE 'COPY%';
    IF FOUND THEN RETURN; END IF;
    PERFORM pg_sleep(0.001);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
  RAISE 'pg_dump was never seen copying';
END $$`;

describe('dump: exit code 4', () => {
  test('an empty database', async () => {
    installation.setPlan(planFor(installation.backup, [target({ database: 'empty' })]));
    const { code, json } = await failure(['backup', 'postgresql']);
    expect(code).toBe(4);
    expect(json.error).toMatchObject({ code: 'dump.empty', message: 'database empty holds nothing' });
    nothingCommitted();
  });

  test('a dump tool that loses its connection half-way', async () => {
    const killed = postgresql.psql('postgres', terminateDump);
    const [{ code, json }] = await Promise.all([failure(['backup', 'postgresql']), killed]);
    expect(code).toBe(4);
    expect(json.error).toMatchObject({
      code: 'dump.failed',
      message: expect.stringContaining('terminating connection due to administrator command'),
    });
    nothingCommitted();
  });
});

describe('store: exit code 5', () => {
  test('a folder that cannot be written', async () => {
    // Root writes everywhere, so a file takes the place of the folder.
    rmSync(installation.backup, { recursive: true });
    writeFileSync(installation.backup, '');
    const { code, json } = await failure(['backup', 'postgresql']);
    expect(code).toBe(5);
    expect(json.error.code).toMatch(/^store\./);
    rmSync(installation.backup);
    mkdirSync(installation.backup);
    chmodSync(installation.backup, 0o755);
  });
});

describe('signals', () => {
  test.each(['SIGTERM', 'SIGINT'] as const)('%s stops a backup and leaves nothing', async (signal) => {
    let pid = 0;
    const stopped = failure(['backup', 'postgresql'], (started) => (pid = started));
    await until(() => readdirSync(installation.backup, { recursive: true }).join().includes('partial'));
    process.kill(pid, signal);
    const { code, json } = await stopped;
    expect(code).toBe(1);
    expect(json.error.code).toBe('run.interrupted');
    nothingCommitted();
    expect(
      await postgresql.psql(
        'postgres',
        `select count(*) from pg_stat_activity where application_name = 'grill-backup'`,
      ),
    ).toBe('0');
  });
});

describe('what is not an error', () => {
  test('a dry run changes nothing and says what it would do', async () => {
    await installation.cli(['backup', 'postgresql']);
    const before = [
      installation.files(),
      readFileSync(join(installation.backup, installation.files()[0]!)).length,
    ];
    const { code, json } = await installation.cli(['restore', 'full', '--dry-run', '--json']);
    expect(code).toBe(0);
    expect(json).toMatchObject([
      {
        target: 'postgresql',
        dryRun: true,
        mode: 'replace',
        into: `127.0.0.1:${postgresql.port}/grillstats`,
      },
    ]);
    expect([
      installation.files(),
      readFileSync(join(installation.backup, installation.files()[0]!)).length,
    ]).toEqual(before);
    expect(
      await postgresql.psql('postgres', `select count(*) from pg_database where datname like 'grillstats_%'`),
    ).toBe('0');
  });

  test('help, for the program and each command', async () => {
    for (const command of [
      [],
      ['backup'],
      ['verify'],
      ['restore'],
      ['list'],
      ['status'],
      ['prune'],
      ['show'],
      ['check'],
      ['audit'],
      ['serve'],
    ]) {
      const { code, stdout } = await installation.cli([...command, '--help']);
      expect(code).toBe(0);
      expect(stdout).toContain('Usage: grill-backup');
    }
  });
});
