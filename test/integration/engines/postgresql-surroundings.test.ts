import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import type { RestoreRequest } from '../../../runtime/src/engines/engine.ts';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { replay, save, type Saved } from '../../conformance/engines/saved.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';

const run = testRun();
let server: TestPostgresql;

beforeAll(async () => {
  server = await startPostgresql({
    settings: { wal_level: 'logical', max_prepared_transactions: '2', max_locks_per_transaction: '512' },
  });
  await server.psql(
    'postgres',
    `CREATE ROLE app LOGIN PASSWORD 'app'; CREATE ROLE keeper LOGIN CREATEDB PASSWORD 'keeper' IN ROLE app`,
  );
}, 60_000);
afterAll(async () => {
  await server.stop();
  await run.dispose();
});

const sourceOf = (database: string, username = server.user, password = server.password) => ({
  name: 'postgresql',
  connection: { host: server.host, port: server.port, database, sslMode: 'prefer' as const },
  credentials: { username, password },
});

/** The account of the docs: it may create databases, and is a member of the owner. */
const asKeeper = (database: string) => sourceOf(database, 'keeper', 'keeper');

const request = (saved: Saved, suffix: string, more: Partial<RestoreRequest> = {}): RestoreRequest => ({
  ...{ mode: 'replace', suffix, expected: saved.fingerprint, server: saved.server },
  ...more,
});

const refusal = (message: RegExp) =>
  expect.objectContaining({ code: 'restore.refused', message: expect.stringMatching(message) });

const databases = () => server.psql('postgres', 'SELECT datname FROM pg_database ORDER BY 1');

const connectTo = async (database: string): Promise<Client> => {
  const { host, port, user, password } = server;
  const client = new Client({ host, port, user, password, database });
  client.on('error', () => {});
  await client.connect();
  return client;
};

/** A database of the app with ten rows, and an archive of it; then the rows are lost. */
const lose = async (name: string, more = ''): Promise<Saved> => {
  await server.psql('postgres', `CREATE DATABASE ${name} OWNER app`);
  await server.psql(
    name,
    `SET ROLE app; CREATE TABLE t AS SELECT generate_series(1, 10) n; RESET ROLE; ${more}`,
  );
  const saved = await save(postgresql.dump(run, sourceOf(name)));
  await server.psql(name, 'DELETE FROM t');
  return saved;
};

const rows = (name: string) => server.psql(name, 'SELECT count(*) FROM t');

describe('what would break is refused before anything is changed', () => {
  const cases = [
    {
      title: 'a prepared transaction',
      name: 'prepared',
      begin: "BEGIN; INSERT INTO t VALUES (1); PREPARE TRANSACTION 'half'",
      end: "ROLLBACK PREPARED 'half'",
      message: /prepared transactions hold the live database.*: half/,
    },
    {
      title: 'a logical replication slot',
      name: 'slotted',
      begin: "SELECT pg_create_logical_replication_slot('feed', 'pgoutput')",
      end: "SELECT pg_drop_replication_slot('feed')",
      message: /slots stay with the old data.*: feed;.*--accept slots/,
      accept: 'slots',
    },
    {
      title: 'a subscription',
      name: 'subscribed',
      begin: `CREATE SUBSCRIPTION news CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false)`,
      end: '',
      message: /subscriptions stay with the old data.*: news;.*--accept subscriptions/,
      accept: 'subscriptions',
    },
  ];

  test.each(cases)(
    '$title',
    async ({ name, begin, message, accept, end }) => {
      const saved = await lose(name);
      await server.psql(name, begin);
      const client = await connectTo(name);
      const before = await databases();
      const source = sourceOf(name);
      const preview = await postgresql.preview!(run, source, replay(saved), request(saved, 'a'));
      expect(preview.hindrances.map((each) => each.accept)).toEqual([accept]);
      await expect(postgresql.restore(run, source, replay(saved), request(saved, 'a'))).rejects.toEqual(
        refusal(message),
      );
      expect((await client.query('SELECT count(*)::int FROM t')).rows).toEqual([{ count: 0 }]); // nobody was ended
      expect(await databases()).toBe(before);
      if (accept) {
        const accepted = request(saved, 'b', { accept: [accept] });
        const restored = await postgresql.restore(run, source, replay(saved), accepted);
        expect([restored.kept, await rows(name)]).toEqual([`database ${name}_before_b`, '10']);
      }
      await client.end().catch(() => {});
      await server.psql(accept ? `${name}_before_b` : name, end || 'SELECT 1');
    },
    30_000,
  );

  test('a table and default privileges of a role that the account is not a member of', async () => {
    const saved = await lose(
      'mixed',
      'CREATE TABLE mine (a int); ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO PUBLIC',
    );
    const wanted = /account keeper is not a member of postgres, which owns .*TABLE public mine/;
    const preview = await postgresql.preview!(run, asKeeper('mixed'), replay(saved), request(saved, 'a'));
    expect(preview.hindrances).toEqual([{ message: expect.stringMatching(wanted) }]);
    const before = await databases();
    await expect(
      postgresql.restore(run, asKeeper('mixed'), replay(saved), request(saved, 'a')),
    ).rejects.toEqual(refusal(wanted));
    expect(await databases()).toBe(before);
  });

  test('in a drill as well, whose server tries the rights of the account that restores in earnest', async () => {
    const saved = await lose('drilled', 'CREATE TABLE mine (a int)');
    const needs = { fingerprint: saved.fingerprint, sourceBytes: 0, open: () => replay(saved) };
    const scratch = (await postgresql.scratch(run, saved.server, needs))!;
    try {
      const drill = (account: string, suffix: string) =>
        postgresql.restore(run, scratch.source, replay(saved), request(saved, suffix, { account }));
      await expect(drill('keeper', 'a')).rejects.toEqual(
        refusal(/account keeper is not a member of postgres/),
      );
      expect(await drill('postgres', 'b')).toEqual({ fingerprint: saved.fingerprint });
      expect(await drill('app', 'c')).toMatchObject({
        fingerprint: saved.fingerprint,
        notes: [expect.stringMatching(/account app lacks CREATEDB/)],
      });
    } finally {
      await scratch.stop();
    }
  }, 60_000);

  test('a limit of connections of the account', async () => {
    const saved = await lose('narrow');
    await server.psql('postgres', 'ALTER ROLE keeper CONNECTION LIMIT 2');
    try {
      await expect(
        postgresql.restore(run, asKeeper('narrow'), replay(saved), request(saved, 'a')),
      ).rejects.toEqual(refusal(/needs 3 connections, CONNECTION LIMIT 2 of role keeper leaves 2/));
    } finally {
      await server.psql('postgres', 'ALTER ROLE keeper CONNECTION LIMIT -1');
    }
  });
});

test('the account of the docs restores a database of its own, with the limit, grants and statistics of the old one', async () => {
  await server.psql('postgres', 'CREATE DATABASE own OWNER app CONNECTION LIMIT 1');
  await server.psql('own', 'SET ROLE app; CREATE TABLE t AS SELECT generate_series(1, 10) n');
  const saved = await save(postgresql.dump(run, sourceOf('own')));
  expect(
    (await postgresql.preview!(run, asKeeper('own'), replay(saved), request(saved, 'a'))).hindrances,
  ).toEqual([]);
  await postgresql.restore(run, asKeeper('own'), replay(saved), request(saved, 'a'));
  const facts = `SELECT datconnlimit, datallowconn, has_database_privilege('public', oid, 'CONNECT'),
    shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = 'own'`;
  expect(await server.psql('postgres', facts)).toBe('1|t|t|');
  expect(await server.psql('own', "SELECT reltuples FROM pg_class WHERE relname = 't'")).toBe('10');
});

test('a monitor that looks into every database, and keeps its sessions, does not keep the new one from its name', async () => {
  const saved = await lose('watched');
  const clients: Client[] = [];
  let watching = true;
  const monitor = (async () => {
    while (watching)
      await connectTo(
        await server.psql(
          'postgres',
          "SELECT datname FROM pg_database WHERE datname ~ 'watched' ORDER BY 1 DESC LIMIT 1",
        ),
      ).then(
        (client) => clients.push(client),
        () => {},
      );
  })();
  await until(async () => clients.length > 0);
  const restored = await postgresql.restore(run, sourceOf('watched'), replay(saved), request(saved, 'a'));
  watching = false;
  await monitor;
  await Promise.all(clients.map((client) => client.end().catch(() => {})));
  expect([restored.kept, await rows('watched')]).toEqual(['database watched_before_a', '10']);
}, 60_000);

test('a session that the account may not end is named, new ones wait a second at most, and nothing is left', async () => {
  const saved = await lose('held');
  const holder = await connectTo('held');
  const before = await databases();
  const source = asKeeper('held');
  const named = /sessions that the account may not end hold the live database: postgres \(1\)/;
  await expect(postgresql.restore(run, source, replay(saved), request(saved, 'a'))).rejects.toEqual(
    refusal(named),
  );
  let [restoring, longest] = [true, 0];
  const newcomers = (async () => {
    while (restoring) {
      const begun = performance.now();
      await (await connectTo('held')).end();
      longest = Math.max(longest, performance.now() - begun);
    }
  })();
  const accepted = request(saved, 'b', { accept: ['sessions'] });
  await expect(postgresql.restore(run, source, replay(saved), accepted)).rejects.toEqual(
    expect.objectContaining({
      code: 'restore.failed',
      message: expect.stringMatching(/databases could not be swapped: .*; connected: postgres \(\d\)/),
    }),
  );
  restoring = false;
  await newcomers;
  expect(longest).toBeLessThan(4000); // 5 s and more where the server's own wait is not cut short
  await holder.end();
  expect(await databases()).toBe(before);
}, 60_000);

test('a subscription in the archive is noted, comes back disabled, and keeps no trial from being removed', async () => {
  const saved = await lose(
    'receiving',
    `CREATE SUBSCRIPTION stream CONNECTION 'host=127.0.0.1 port=1' PUBLICATION p WITH (connect = false)`,
  );
  const source = sourceOf('receiving');
  const into = request(saved, 'a', { into: 'received' });
  const { notes } = await postgresql.preview!(run, source, replay(saved), into);
  expect(notes).toEqual([expect.stringMatching(/^subscription stream is restored disabled/)]);
  const before = await databases();
  await postgresql.restore(run, source, replay(saved), request(saved, 'b', { mode: 'trial' }));
  expect(await databases()).toBe(before);
  await postgresql.restore(run, source, replay(saved), into);
  expect(
    await server.psql(
      'received',
      'SELECT subname, subenabled FROM pg_subscription WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database())',
    ),
  ).toBe('stream|f');
}, 30_000);

test('a scratch server has room for the locks of an archive of many relations', async () => {
  await server.psql('postgres', 'CREATE DATABASE wide');
  await server.psql(
    'wide',
    `SELECT format('CREATE TABLE w%s (n int)', t) FROM generate_series(1, 160) t \\gexec
     SELECT format('CREATE INDEX ON w%s (n)', t) FROM generate_series(1, 160) t, generate_series(1, 50) \\gexec`,
  );
  const saved = await save(postgresql.dump(run, sourceOf('wide')));
  const needs = { fingerprint: saved.fingerprint, sourceBytes: 0, open: () => replay(saved) };
  const scratch = (await postgresql.scratch(run, saved.server, needs))!;
  try {
    const restored = await postgresql.restore(run, scratch.source, replay(saved), request(saved, 'a'));
    expect(restored.fingerprint).toEqual(saved.fingerprint);
  } finally {
    await scratch.stop();
  }
}, 120_000);

test('a scratch server that would not fit is refused, with what is there', async () => {
  const saved = await lose('huge');
  const needs = { fingerprint: saved.fingerprint, sourceBytes: 1e18, open: () => replay(saved) };
  await expect(postgresql.scratch(run, saved.server, needs)).rejects.toEqual(
    expect.objectContaining({
      code: 'drill.unavailable',
      message: expect.stringMatching(/does not fit in .* free/),
    }),
  );
});
