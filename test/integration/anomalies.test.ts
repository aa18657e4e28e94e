import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { startHttpServer, type TestHttpServer } from '../kit/http-server.ts';
import { install, planFor, type Installation } from '../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';

let postgresql: TestPostgresql;
let installation: Installation;
let webhook: TestHttpServer;

const backUp = async () => {
  const { code, json, stderr } = await installation.cli(['backup', 'postgresql', '--json']);
  expect(code).toBe(0);
  return { warnings: json.warnings as string[], stderr };
};

const sql = (statements: string) => postgresql.psql('grillstats', statements);

beforeAll(async () => {
  postgresql = await startPostgresql();
  await postgresql.psql('postgres', 'create database grillstats');
  await sql(`
    create table users as select id, 'user ' || id as name from generate_series(1, 500) id;
    create table readings as
      select id, convert_to(repeat('probe temperature ' || id % 50, 4), 'UTF8') as payload from generate_series(1, 5000) id`);
  webhook = await startHttpServer((response) => void response.end());
  const target = {
    name: 'postgresql',
    engine: 'postgresql',
    connection: { host: postgresql.host, port: postgresql.port, database: 'grillstats' },
    secret: { name: 'postgresql' },
  };
  installation = install([target], {
    postgresql: { username: postgresql.user, password: postgresql.password },
    'backup-notification-secret': { 'webhook-url': webhook.url },
  });
  installation.setPlan(planFor(installation.backup, [target], { notifications: { enabled: true } }));
}, 60_000);

afterAll(async () => {
  await installation.dispose();
  await webhook.stop();
  await postgresql.stop();
});

test('a truncated table is a warning in the result, the log, the notification, the record and the report', async () => {
  for (let run = 0; run < 6; run++) {
    await sql(`insert into users select 500 + ${run}, 'another'`);
    expect((await backUp()).warnings).toEqual([]);
  }
  await sql('truncate users');
  const { warnings, stderr } = await backUp();
  expect(warnings).toEqual([
    expect.stringMatching(/^public\.users: rows fell to 0, about 50\d was expected \(6 archives\)$/),
  ]);
  expect(stderr).toContain(`"level":"WARN"`);
  expect(stderr).toContain(warnings[0]);
  expect(webhook.requests.map(({ body }) => body.status)).toEqual([...Array(6).fill('success'), 'warning']);
  expect(webhook.requests.at(-1)!.body.warnings).toEqual(warnings);
  const runs = join(installation.backup, 'runs/postgresql');
  const record = readdirSync(runs).toSorted().at(-1)!;
  expect(JSON.parse(readFileSync(join(runs, record), 'utf8'))).toMatchObject({ command: 'backup', warnings });
  const { json } = await installation.cli(['verify', '--level', 'quick', '--json']);
  expect(json.warnings).toEqual([`postgresql: ${warnings[0]}`]);
}, 120_000);

test('a backup that fails is an error in the notification', async () => {
  installation.setSecret('postgresql', 'password', 'wrong');
  expect((await installation.cli(['backup', 'postgresql'])).code).toBe(3);
  installation.setSecret('postgresql', 'password', postgresql.password);
  expect(webhook.requests.at(-1)!.body).toMatchObject({
    status: 'error',
    service: 'postgresql',
    command: 'backup',
    environment: 'test',
    error: { code: 'source.refused', hint: 'check user, password and rights of the backup account' },
  });
}, 60_000);

test('a table overwritten with random bytes is a warning of its compression ratio', async () => {
  await sql(`update readings set payload =
    sha256((random()::text)::bytea) || sha256((random()::text)::bytea) || sha256((random()::text)::bytea)`);
  const { warnings } = await backUp();
  expect(warnings).toContainEqual(
    expect.stringMatching(
      /^compression ratio rose to 0\.\d+ from 0\.\d+ \(7 archives\): data that no longer compresses/,
    ),
  );
}, 60_000);
