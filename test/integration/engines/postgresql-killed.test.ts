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
    `CREATE FUNCTION passes_gate() RETURNS boolean LANGUAGE plpgsql AS $$ BEGIN
       PERFORM FROM pg_catalog.pg_database WHERE datname = 'template1' FOR SHARE; RETURN true; END $$;
     CREATE TABLE t (n integer CHECK (n <> 30000 OR public.passes_gate()), text text);
     INSERT INTO t SELECT n, repeat(md5(n::text), 10) FROM generate_series(1, 60000) n; CREATE INDEX ON t (text)`,
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

/** A session that has a lock. */
const holding = async (lock: string): Promise<Client> => {
  const client = await holder();
  await client.query(lock);
  return client;
};

const databaseRow = (condition: string): string => `SELECT FROM pg_database WHERE ${condition} FOR UPDATE`;

/** Keeps the live database from being renamed. */
const holdLive = (): Promise<Client> => holding(databaseRow(`datname = 'grill'`));

const fresh = `datname LIKE 'grill_restore_%'`;
const seen = (condition: string): Promise<unknown> => until(async () => (await count(condition)) !== '0');
/** Resolves when a restore waits for a lock at a statement. */
const waits = (query: string): Promise<unknown> =>
  seen(`pg_stat_activity WHERE query LIKE '${query}' AND wait_event_type = 'Lock'`);

/** A step of a restore: what it waits for there, and what lets it get there and no further. */
interface Step {
  /** Before the restore begins. */
  readonly hold: () => Promise<Client>;
  /** Resolves once the restore waits at the step, to the session that it waits for. */
  readonly reach: (held: Client) => Promise<Client>;
}

const waiting = (query: string) => async (held: Client) => {
  await waits(query);
  return held;
};

const steps: Readonly<Record<string, Step>> = {
  'after the new database was created': {
    hold: () => holding('LOCK TABLE pg_shdescription IN EXCLUSIVE MODE'), // of the comments on databases
    reach: waiting('COMMENT ON DATABASE%'),
  },
  'in the middle of the load': {
    hold: () => holding(databaseRow(`datname = 'template1'`)),
    reach: waiting('COPY public.t%'),
  },
  'before the swap': { hold: holdLive, reach: waiting('ALTER DATABASE "grill" RENAME%') },
  'between the renames': {
    hold: holdLive,
    reach: async (live) => {
      await seen(`pg_database WHERE ${fresh} AND NOT datallowconn`);
      const other = await holding(databaseRow(fresh));
      await live.end();
      await waits('ALTER DATABASE "grill_restore_%" RENAME%');
      return other;
    },
  },
  'before the clean-up': {
    hold: holdLive,
    reach: async (live) => {
      await waits('ALTER DATABASE "grill" RENAME%');
      const other = await holding('LOCK TABLE pg_subscription'); // which each database that is dropped is looked up in
      await live.end();
      await waits('%FROM pg_subscription%');
      return other;
    },
  },
};

const databases = () => sql(`SELECT datname FROM pg_database WHERE datname LIKE 'grill%' ORDER BY 1`);

test.each(Object.keys(steps))(
  'killed %s, the next run puts all right',
  async (step) => {
    await server.psql('grill', 'DELETE FROM t WHERE n > 100');
    const before = await rows();
    const { hold, reach } = steps[step]!;
    const first = await hold();
    let pid = 0;
    const killed = installation.cli(['restore', 'postgresql', '--force'], (started) => (pid = started));
    const held = await reach(first);
    process.kill(pid, 'SIGKILL');
    expect((await killed).code).toBeNull();
    await held.end();
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
  await waits('ALTER DATABASE "grill" RENAME%');
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
