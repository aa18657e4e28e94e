import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { install, type Installation } from '../../kit/installation.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { until } from '../../kit/until.ts';

let server: TestPostgresql;
let installation: Installation;

const sql = (text: string) => server.psql('postgres', text);
const count = (condition: string) => sql(`SELECT count(*) FROM ${condition}`);
const rows = () => server.psql('grill', 'SELECT count(*) FROM t');

beforeAll(async () => {
  server = await startPostgresql();
  await sql('CREATE DATABASE grill');
  await server.psql(
    'grill',
    `CREATE TABLE t AS SELECT n, repeat(md5(n::text), 10) AS text FROM generate_series(1, 60000) n; CREATE INDEX ON t (text)`,
  );
  const target = {
    name: 'postgresql',
    engine: 'postgresql',
    connection: { host: server.host, port: server.port, database: 'grill' },
    secret: { name: 'postgresql' },
  };
  installation = install([target], { postgresql: { username: server.user, password: server.password } });
  expect((await installation.cli(['backup', 'postgresql'])).code).toBe(0);
}, 60_000);

afterAll(async () => {
  await installation.dispose();
  await server.stop();
});

/** A session that holds things while a restore comes to them. */
const holder = async (): Promise<Client> => {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database: 'postgres' });
  client.on('error', () => {}); // where a test fails, the server stops first
  await client.connect();
  await client.query('BEGIN');
  return client;
};

/** Keeps the live database from being renamed. */
const holdLive = async (): Promise<Client> => {
  const client = await holder();
  await client.query(`SELECT * FROM pg_database WHERE datname = 'grill' FOR UPDATE`);
  return client;
};

const fresh = `pg_database WHERE datname LIKE 'grill_restore_%'`;
const working = (query: string) => `pg_stat_activity WHERE query LIKE '${query}' AND state <> 'idle'`;
const seen = (condition: string) => async (): Promise<void> => {
  await until(async () => (await count(condition)) !== '0');
};

/** Each arranges what holds a restore at a step, if need be, and resolves once it is there. */
const steps: Readonly<Record<string, () => Promise<Client | void>>> = {
  'after the new database was created': () => seen(fresh)(),
  'in the middle of the load': () =>
    seen(`pg_stat_activity WHERE datname LIKE 'grill_restore_%' AND query LIKE 'COPY%'`)(),
  'before the swap': async () => {
    const live = await holdLive();
    await seen(working('ALTER DATABASE "grill" RENAME%'))();
    return live;
  },
  'between the renames': async () => {
    const live = await holdLive();
    await seen(`${fresh} AND NOT datallowconn`)();
    const other = await holder();
    await other.query(`SELECT * FROM ${fresh} FOR UPDATE`);
    await live.end();
    await seen(working('ALTER DATABASE "grill_restore_%" RENAME%'))();
    return other;
  },
  'before the clean-up': () => seen(`pg_database WHERE datname LIKE 'grill_before_%'`)(),
};

const databases = () => sql(`SELECT datname FROM pg_database WHERE datname LIKE 'grill%' ORDER BY 1`);

test.each(Object.keys(steps))(
  'killed %s, the next run puts all right',
  async (step) => {
    await server.psql('grill', 'DELETE FROM t WHERE n > 100');
    const before = await rows();
    let held: Client | void = undefined;
    let pid = 0;
    const killed = installation.cli(['restore', 'postgresql', '--force'], (started) => (pid = started));
    held = await steps[step]!();
    process.kill(pid, 'SIGKILL');
    expect((await killed).code).toBeNull();
    await held?.end();
    expect([before, '60000']).toContain(await rows()); // wholly old, or wholly new
    await until(
      async () => (await count(`pg_stat_activity WHERE application_name = 'grill-backup'`)) === '0',
    );
    const left = (await databases()).split('\n').filter((name) => name !== 'grill');
    const { json } = await installation.cli(['check', '--json']);
    expect(json.findings.map(({ key }: { key: string }) => key)).toEqual(
      expect.arrayContaining(left.map((name) => `database ${name}`)),
    );
    expect((await installation.cli(['restore', 'postgresql', '--force'])).code).toBe(0);
    expect(await rows()).toBe('60000');
    expect(await databases()).not.toContain('grill_restore_');
    const cleaned = await installation.cli(['cleanup', 'postgresql', '--kept', '--force', '--json']);
    expect([cleaned.code, await databases()]).toEqual([0, 'grill']);
  },
  90_000,
);

test('the undo command is written down before the swap, and works', async () => {
  await server.psql('grill', 'DELETE FROM t WHERE n > 7');
  const live = await holdLive();
  let pid = 0;
  const killed = installation.cli(['restore', 'postgresql', '--force'], (started) => (pid = started));
  await seen(working('ALTER DATABASE "grill" RENAME%'))();
  const folder = join(installation.backup, 'undo/postgresql');
  const [file] = readdirSync(folder);
  const note = JSON.parse(readFileSync(join(folder, file!), 'utf8'));
  expect(note).toMatchObject({
    kept: expect.stringMatching(/^database grill_before_/),
    target: 'postgresql',
  });
  expect(note.undo).toMatch(/^psql .*RENAME TO "grill"/);
  expect(note.undo).not.toContain(server.password);
  process.kill(pid, 'SIGKILL');
  await killed;
  await live.end();
}, 60_000);

test('cleanup asks, shows what is there, and leaves what an undo needs alone', async () => {
  await sql(
    `CREATE DATABASE grill_restore_20240101_020000; CREATE DATABASE grill_before_20240101_020000; CREATE DATABASE grill_before_summer`,
  );
  const dry = await installation.cli(['cleanup', 'postgresql', '--dry-run']);
  expect(dry.stdout).toMatch(/database grill_restore_20240101_020000 +unfinished +\d/);
  const unasked = await installation.cli(['cleanup', 'postgresql']);
  expect([unasked.code, unasked.stderr]).toEqual([
    7,
    expect.stringContaining('there is no terminal to confirm on'),
  ]);
  expect((await installation.cli(['cleanup', 'postgresql', '--force'])).code).toBe(0);
  expect(await databases()).not.toContain('grill_restore_');
  expect(await databases()).toContain('grill_before_20240101_020000');
  expect((await installation.cli(['cleanup', 'postgresql', '--force', '--kept'])).code).toBe(0);
  expect(await databases()).toBe('grill\ngrill_before_summer');
}, 60_000);
