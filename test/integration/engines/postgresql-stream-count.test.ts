import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Client } from 'pg';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { StreamCount } from '../../../runtime/src/engines/postgresql/stream-count.ts';
import { replay, save } from '../../conformance/engines/saved.ts';
import { collect, run as start } from '../../../runtime/src/core/process.ts';
import { oddTables } from '../../kit/odd-tables.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { testRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';

const run = testRun();
/** So few locks that a query on each table in one transaction needs too many, and pg_dump does not. */
const fewLocks = { max_connections: '20', max_locks_per_transaction: '10' };
let server: TestPostgresql;

beforeAll(async () => {
  server = await startPostgresql({ settings: fewLocks });
}, 60_000);
afterAll(async () => {
  await server.stop();
  await run.dispose();
});

const sourceOf = (database: string, count: 'stream' | 'server', contentHash = false) => ({
  name: 'postgresql',
  connection: {
    host: server.host,
    port: server.port,
    database,
    sslMode: 'prefer' as const,
    count,
    contentHash,
  },
  credentials: { username: server.user, password: server.password },
});

const database = async (name: string, ...statements: readonly string[]): Promise<void> => {
  await server.psql('postgres', `CREATE DATABASE ${name}`);
  await server.psql(name, statements.join(';'));
};

const dumped = (name: string, count: 'stream' | 'server', contentHash = false) =>
  save(postgresql.dump(run, sourceOf(name, count, contentHash)));

describe('rows counted as they pass', () => {
  test('are those that the server counts, and that a reader of the archive counts', async () => {
    await database('odd', ...oddTables);
    const [stream, queries] = [await dumped('odd', 'stream'), await dumped('odd', 'server')];
    expect(stream.fingerprint).toEqual(queries.fingerprint);
    expect(stream.fingerprint).toMatchObject({
      'public.blank': { rows: 7 },
      'public.nothing': { rows: 5 },
      'public.none': { rows: 0 },
      'large objects': { objects: 3 },
    });
    expect(await postgresql.inspect(run, replay(stream))).toEqual(stream.fingerprint);
    const request = {
      mode: 'replace' as const,
      suffix: 'x',
      expected: stream.fingerprint,
      server: stream.server,
    };
    expect(
      (await postgresql.restore(run, sourceOf('odd', 'stream'), replay(stream), request)).fingerprint,
    ).toEqual(stream.fingerprint);
  });

  test('are the same wherever the dump is cut into chunks; cut short or altered in its frame it is damaged', async () => {
    await database(
      'cut',
      ...oddTables.filter((sql) => !/wide|lo_from/.test(sql)),
      `SELECT lo_from_bytea(0, 'object')`,
    );
    const dumping = start(run, {
      program: join(server.binDir, 'pg_dump'),
      args: [
        '--format=custom',
        '--compress=0',
        '-h',
        server.host,
        '-p',
        `${server.port}`,
        '-U',
        server.user,
        'cut',
      ],
      env: { PGPASSWORD: server.password },
      failure: 'dump.failed',
    });
    dumping.stdin.end();
    const bytes = await collect(dumping.stdout);
    const decode = (name: Buffer): string => name.toString('utf8');
    const tables = [
      { schema: 'public', name: 'blank' },
      { schema: 'public', name: 'lines' },
    ];
    const countOf = (...chunks: readonly Buffer[]) => {
      const count = new StreamCount(false);
      for (const chunk of chunks) count.push(chunk);
      return count.result(tables, decode);
    };
    const whole = countOf(bytes);
    expect(whole).toEqual({
      'public.blank': { rows: 7 },
      'public.lines': { rows: 41 },
      'large objects': { objects: 1 },
    });
    for (let at = 1; at < bytes.length; at += 41)
      expect(countOf(bytes.subarray(0, at), bytes.subarray(at))).toEqual(whole);
    const single = Array.from({ length: bytes.length }, (_, at) => bytes.subarray(at, at + 1));
    expect(countOf(...single)).toEqual(whole);
    expect(() => countOf(bytes.subarray(0, -1))).toThrow('middle of a block');
  });

  test('cost the server one reading of each table, which is that of pg_dump', async () => {
    await database('reads', `CREATE TABLE t AS SELECT generate_series(1, 1000) AS x`);
    const scans = async (): Promise<number> => {
      await server.psql('reads', 'SELECT pg_stat_clear_snapshot()');
      return Number(
        await server.psql('reads', `SELECT seq_scan FROM pg_stat_user_tables WHERE relname = 't'`),
      );
    };
    const before = await scans();
    await dumped('reads', 'stream');
    const afterStream = await scans();
    await dumped('reads', 'stream', true);
    const afterHash = await scans();
    await dumped('reads', 'server');
    const each = [afterStream - before, afterHash - afterStream, (await scans()) - afterHash];
    expect(each).toEqual([1, 1, 2]);
  });

  test('need one connection besides that of pg_dump, which locks no table', async () => {
    await database('held', `CREATE TABLE t AS SELECT generate_series(1, 1000) AS x`);
    const { host, port, user, password } = server;
    const other = new Client({ host, port, user, password, database: 'held' });
    await other.connect();
    await other.query('BEGIN; LOCK TABLE t');
    const saving = dumped('held', 'stream', true);
    const ours = `pg_stat_activity WHERE application_name = 'grill-backup'`;
    await until(async () =>
      (await server.psql('held', `SELECT wait_event_type FROM ${ours}`)).includes('Lock'),
    );
    const locks = `SELECT count(*) FROM pg_locks WHERE granted AND relation >= 16384 AND pid IN (SELECT pid FROM ${ours})`;
    expect(await server.psql('held', `SELECT count(*) FROM ${ours}; ${locks}`)).toBe('2\n0');
    await other.query('COMMIT');
    await other.end();
    expect((await saving).fingerprint).toEqual({ 'public.t': { rows: 1000, content: expect.any(String) } });
  });

  test('need no lock besides those of pg_dump, nor does the count after a restore', async () => {
    const tables = `DO $$ BEGIN FOR n IN 1..200 LOOP EXECUTE format('CREATE TABLE t%s (a int PRIMARY KEY, b text UNIQUE, c text UNIQUE)', n); IF n % 20 = 0 THEN COMMIT; END IF; END LOOP; END $$`;
    await database('many', tables);
    await expect(dumped('many', 'server')).rejects.toMatchObject({
      message: expect.stringMatching(/out of shared memory/),
    });
    for (const contentHash of [false, true]) {
      const saved = await dumped('many', 'stream', contentHash);
      expect(Object.keys(saved.fingerprint)).toHaveLength(200);
      const request = {
        mode: 'trial' as const,
        suffix: `${contentHash}`,
        expected: saved.fingerprint,
        server: saved.server,
      };
      await postgresql.restore(run, sourceOf('many', 'stream'), replay(saved), request);
    }
  }, 120_000);
});
