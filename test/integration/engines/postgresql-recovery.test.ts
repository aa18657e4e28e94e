import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { DumpEntry } from '../../../runtime/src/core/entries.ts';
import type { BaseFacts, LogReader, LogTarget, Recovered } from '../../../runtime/src/engines/engine-base.ts';
import type { ServerInfo } from '../../../runtime/src/engines/source.ts';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { withClient, type PostgresqlSource } from '../../../runtime/src/engines/postgresql/client.ts';
import type { PostgresqlConnection } from '../../../runtime/src/engines/postgresql/connection.ts';
import { mustExist } from '../../../runtime/src/core/must-exist.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { workFolder } from '../../kit/private-server.ts';
import { receiveWal, type ReceivedWal } from '../../kit/received-wal.ts';
import { testRun, type TestRun } from '../../kit/run.ts';

/** Instants that are tried. @default 3 - enough to see that it works; the proof is 200 */
const instants = Number(process.env.RECOVERY_INSTANTS ?? 3);
/** Markers that are written, each in a transaction of its own. */
const markers = 400;
/** A recovery starts a server, whose time is that of a busy machine. */
const slowMs = 120_000;

let server: TestPostgresql;
let run: TestRun;
let wal: ReceivedWal;
let source: PostgresqlSource;
let log: LogReader;
/** Where nobody is called as usual. */
let renamed: string;
let facts: BaseFacts;
let version: ServerInfo;
const entries: { name: string; chunks: Buffer[] }[] = [];
/** Commit times in microseconds, and ids of the transactions, by marker. */
let commits: { n: number; micros: number; xid: string }[];

const bases = mustExist(postgresql.bases, 'bases');

async function* replay(): AsyncGenerator<DumpEntry> {
  for (const { name, chunks } of entries)
    yield {
      name,
      content: (async function* () {
        yield* chunks;
      })(),
    };
}

const input = (given = log) => ({
  entries: replay(),
  facts,
  log: given,
  server: version,
  sourceBytes: 0,
});

const recover = (until: LogTarget, given?: LogReader): Promise<Recovered<PostgresqlConnection>> =>
  bases.recover(run, source, input(given), until);

/** The last marker of a recovered server. */
const lastMarker = async (until: LogTarget, given?: LogReader): Promise<number> => {
  const recovered = await recover(until, given);
  try {
    return await withClient(recovered.source, 'postgres', async (client) => {
      const { rows } = await client.query<{ n: number; whole: boolean }>(
        'SELECT max(n) AS n, count(*) = max(n) AS whole FROM public.marker',
      );
      expect(rows[0]?.whole).toBe(true);
      return rows[0]?.n ?? 0;
    });
  } finally {
    await recovered.stop();
  }
};

/** A position at which the only superusers have other names than the account of the plan and the usual one. */
const withoutPostgres = async (): Promise<string> => {
  await server.psql('postgres', `CREATE ROLE boss SUPERUSER LOGIN PASSWORD 'secret'`);
  const boss = { ...source, credentials: { username: 'boss', password: 'secret' } };
  return withClient(boss, 'postgres', async (client) => {
    await client.query('ALTER ROLE postgres RENAME TO chief');
    const { rows } = await client.query<{ at: string }>('SELECT pg_current_wal_insert_lsn()::text AS at');
    await client.query('ALTER ROLE chief RENAME TO postgres');
    return mustExist(rows[0], 'position').at;
  });
};

const markerAt = (time: Date): number =>
  Math.max(0, ...commits.filter(({ micros }) => micros <= time.getTime() * 1000).map(({ n }) => n));

beforeAll(async () => {
  run = testRun();
  server = await startPostgresql({
    settings: { track_commit_timestamp: 'on', max_prepared_transactions: '5' },
  });
  wal = await receiveWal(server);
  source = {
    name: 'postgresql',
    connection: { host: server.host, port: server.port, database: 'postgres', sslMode: 'prefer' },
    credentials: { username: server.user, password: server.password },
  };
  await server.psql('postgres', `CREATE TABLESPACE far LOCATION '${workFolder('space')}'`);
  await server.psql('postgres', `CREATE TABLE marker (n int PRIMARY KEY) TABLESPACE far`);
  await server.psql('postgres', `INSERT INTO marker SELECT generate_series(1, 5)`);
  const dump = await bases.base(run, source);
  for await (const { name, content } of dump.entries) {
    const entry = { name, chunks: [] as Buffer[] };
    entries.push(entry);
    for await (const chunk of content) entry.chunks.push(chunk);
  }
  facts = await dump.facts();
  version = dump.server;
  await dump.close();
  await server.psql('postgres', `ALTER SYSTEM SET archive_command = 'false'; CHECKPOINT`);
  await server.psql(
    'postgres',
    `CREATE PROCEDURE mark() LANGUAGE plpgsql AS $$ BEGIN
       FOR n IN 6..${markers} LOOP INSERT INTO marker VALUES (n); COMMIT; PERFORM pg_sleep(0.002);
         IF n % 100 = 0 THEN PERFORM pg_switch_wal(); END IF; END LOOP; END $$; CALL mark()`,
  );
  const rows = await server.psql(
    'postgres',
    'SELECT n, (extract(epoch FROM pg_xact_commit_timestamp(xmin)) * 1000000)::bigint, xmin FROM marker ORDER BY n',
  );
  commits = rows
    .trim()
    .split('\n')
    .map((line) => line.split('|'))
    .map(([n, micros, xid = '']) => ({ n: Number(n), micros: Number(micros), xid }));
  renamed = await withoutPostgres();
  log = await wal.reader();
});

afterAll(async () => {
  await wal.stop();
  await server.stop();
  await run.dispose();
});

describe('recovery of a base and its log', () => {
  test(
    'shows exactly the last marker before each instant',
    async () => {
      const [first, last] = [mustExist(commits[5], 'first').micros, mustExist(commits.at(-1), 'last').micros];
      for (let count = 0; count < instants; count++) {
        const time = new Date(Math.ceil(first / 1000 + Math.random() * ((last - first) / 1000)));
        expect({ time, marker: await lastMarker({ time }) }).toEqual({ time, marker: markerAt(time) });
      }
    },
    slowMs * instants,
  );

  test(
    'goes to the end of the log, also by a time after the last commit',
    async () => {
      expect(await lastMarker('latest')).toBe(markers);
      expect(await lastMarker({ time: log.endTime })).toBe(markers);
    },
    2 * slowMs,
  );

  test(
    'stops before a transaction',
    async () => {
      const { xid } = mustExist(commits[200], 'marker 201');
      expect(await lastMarker({ beforeTransaction: xid })).toBe(200);
    },
    slowMs,
  );

  test(
    'is opened by whatever superuser it has, also where nobody knows its name',
    async () => {
      const nobody = { ...source, credentials: {} };
      const recovered = await bases.recover(run, nobody, input(), { beforePosition: renamed });
      try {
        const { database } = source.connection;
        const { rows } = await withClient(recovered.source, database, (client) =>
          client.query('SELECT current_user AS name, (SELECT max(n) FROM public.marker) AS n'),
        );
        expect(rows).toEqual([{ name: 'chief', n: markers }]);
      } finally {
        await recovered.stop();
      }
    },
    slowMs,
  );

  test(
    'names the newest instant where the log does not go so far',
    async () => {
      const time = new Date(log.endTime.getTime() + 1000);
      await expect(recover({ time })).rejects.toMatchObject({
        code: 'log.unreached',
        message: expect.stringContaining(log.endTime.toISOString()),
      });
      await expect(recover({ beforeTransaction: '4000000000' })).rejects.toMatchObject({
        code: 'log.unreached',
      });
    },
    slowMs,
  );
});
