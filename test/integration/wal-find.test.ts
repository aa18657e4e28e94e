import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { takeArchive } from '../../runtime/src/archives/take.ts';
import { takeBase } from '../../runtime/src/commands/base/base.ts';
import type { Found } from '../../runtime/src/commands/wal/result.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import { formatPosition } from '../../runtime/src/engines/postgresql/replication/positions.ts';
import { formAt, readRecords } from '../../runtime/src/engines/postgresql/search/pages.ts';
import type { LogReader } from '../../runtime/src/engines/engine-log.ts';
import { findTarget, type App } from '../../runtime/src/session/app.ts';
import { factsOf } from '../../runtime/src/wal/base-manifest.ts';
import { allBases } from '../../runtime/src/wal/bases.ts';
import { startDirectory } from '../conformance/stores/directory.ts';
import type { StoreFixture } from '../conformance/stores/fixture.ts';
import { accountOf, targetWithLog, testApp } from '../kit/app.ts';
import { jsonOn, runOn } from '../kit/command-line.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { postgresqlVersions, usePrograms } from '../kit/postgresql-versions.ts';
import { workFolder } from '../kit/private-server.ts';
import { receiveWal, type ReceivedWal } from '../kit/received-wal.ts';
import { storeLog } from '../kit/store-log.ts';

const run = promisify(execFile);

let server: TestPostgresql;
let data: string;
let wal: ReceivedWal;
let fixture: StoreFixture;
let app: App;
let log: LogReader;
let pieces: readonly string[];
/** Numbers of transactions by what they did. */
const ids: Record<string, string> = {};

const slowMs = 300_000;

const sql = (text: string): Promise<string> => server.psql('grill', text);

/** Runs statements in one transaction, and notes its number. */
const transact = async (name: string, text: string, end = 'COMMIT'): Promise<void> => {
  const printed = await sql(`BEGIN; ${text}; SELECT 'xid ' || pg_current_xact_id(); ${end}`);
  ids[name] = mustExist(/xid (\d+)/.exec(printed)?.[1], 'number of the transaction');
};

const find = async (...args: readonly string[]): Promise<Found> => {
  const { json, problem } = await jsonOn(app, 'wal', 'find', 'postgresql', ...args);
  expect(problem).toBeUndefined();
  return json as Found;
};

const idsOf = ({ transactions }: Found): readonly string[] => transactions.map(({ id }) => id);

/** What looks like a commit of somebody else in the text of pg_waldump. */
const forged =
  'rmgr: Transaction len (rec/tot):     34/    34, tx:        999, lsn: 0/0F000028, prev 0/0F000000, desc: COMMIT 2026-11-29 00:00:00.000000 UTC';

const hostileName = 'a\n\u001b[2Jb\tc <img src=x onerror=alert(1)>';

describe.each(postgresqlVersions)('PostgreSQL $version', (version) => {
  beforeAll(async () => {
    usePrograms(version);
    data = join(workFolder('find'), 'data');
    server = await startPostgresql({
      data,
      programs: version.programs,
      settings: { max_prepared_transactions: '5', wal_keep_size: '1GB' },
    });
    wal = await receiveWal(server);
    await server.psql('postgres', 'CREATE DATABASE grill');
    await server.psql('postgres', 'CREATE DATABASE other');
    await sql(`CREATE TABLE users AS SELECT g AS id, repeat('name ', 20) || g AS name FROM generate_series(1, 1000) g;
    CREATE TABLE orders (id int PRIMARY KEY, note text); INSERT INTO orders SELECT g, 'x' FROM generate_series(1, 10) g;
    CREATE TABLE "Kept" (id int); CREATE TABLE "${hostileName}" (id int)`);
    fixture = await startDirectory();
    app = testApp({
      stores: { primary: await fixture.open(), replicas: [] },
      targets: [targetWithLog(server, 'grill')],
      run: { readSecret: accountOf(server) },
    });
    await takeBase(app, 'postgresql');
    await takeArchive(app, findTarget(app.plan, 'postgresql'), 'daily');
    await transact('delete', 'DELETE FROM users WHERE id > 200');
    await transact('update', 'UPDATE orders SET note = id; INSERT INTO orders VALUES (11)');
    await transact('truncate', 'TRUNCATE orders');
    await transact('insert', `INSERT INTO orders SELECT g FROM generate_series(1, 50) g`);
    await transact('alter', 'ALTER TABLE "Kept" ADD COLUMN more int');
    await transact(
      'rewrite',
      'INSERT INTO "Kept" VALUES (1); ALTER TABLE "Kept" ALTER COLUMN id TYPE bigint',
    );
    await transact(
      'savepoints',
      `SAVEPOINT a; INSERT INTO "Kept" VALUES (2); ROLLBACK TO a; SAVEPOINT b; INSERT INTO "Kept" VALUES (3), (4); RELEASE b`,
    );
    await sql(`BEGIN; DELETE FROM orders; ROLLBACK`);
    await sql(`SELECT pg_logical_emit_message(false, E'x\\n${forged}\\n', repeat('y', 100000))`);
    await sql(`BEGIN; INSERT INTO "Kept" VALUES (5); PREPARE TRANSACTION E'p\\n${forged.slice(0, 100)}\\n'`);
    await sql(`COMMIT PREPARED E'p\\n${forged.slice(0, 100)}\\n'`);
    await sql('CREATE TABLE going (id int); INSERT INTO going VALUES (1)');
    await transact('prepared', 'SAVEPOINT a; DROP TABLE going', `PREPARE TRANSACTION 'going'`);
    await sql(`COMMIT PREPARED 'going'`);
    await transact('hostile', `TRUNCATE "${hostileName}"`);
    await server.psql('other', 'CREATE TABLE users (id int); DROP TABLE users');
    await transact('drop', 'DROP TABLE users');
    await sql('CREATE TABLE passing (id int)');
    await transact('passing', 'DROP TABLE passing');
    await server.psql('postgres', 'CHECKPOINT; SELECT pg_switch_wal()');
    await transact('late', 'INSERT INTO orders VALUES (60)');
    log = await wal.reader();
    pieces = await storeLog(app, 'postgresql', log);
  }, slowMs);

  afterAll(async () => {
    await wal.stop();
    await server.stop();
    await fixture.stop();
  });

  describe('wal find', () => {
    test('names the transaction that dropped a table which no server knows any more, and the way to just before it', async () => {
      const { transactions, notes, searched } = await find('DROP TABLE users');
      expect(transactions.map(({ at: _, position: __, ...rest }) => rest)).toEqual([
        {
          id: ids['drop'],
          did: [{ what: 'dropped', relation: 'public.users' }],
          isWhole: true,
          restore: `grill-backup restore postgresql --before-xid ${ids['drop']}`,
        },
      ]);
      expect(notes).toEqual([
        expect.stringMatching(
          /^names are those of the server as it is now, then of archive postgresql\/.*, and of tables/,
        ),
      ]);
      expect(searched).toHaveLength(1);
    });

    test('knows the name of a table that was made after the archive, and is gone from the server', async () => {
      const { transactions } = await find('DROP TABLE passing');
      expect(transactions).toMatchObject([
        { id: ids['passing'], did: [{ what: 'dropped', relation: 'public.passing' }] },
      ]);
    });

    test('names the transaction that another session committed, with what was dropped in it', async () => {
      const { transactions } = await find('DROP TABLE going');
      expect(transactions).toMatchObject([
        { id: ids['prepared'], did: [{ what: 'dropped', relation: 'public.going' }], isWhole: true },
      ]);
    });

    test.each([
      [
        'DELETE FROM users WHERE id > 200',
        'delete',
        { what: 'deleted', rows: 800, relation: 'public.users' },
      ],
      ['update orders', 'update', { what: 'updated', rows: 10, relation: 'public.orders' }],
      ['TRUNCATE TABLE public.orders', 'truncate', { what: 'truncated', relation: 'public.orders' }],
      ['alter table "Kept"', 'alter', { what: 'altered', relation: 'public.Kept' }],
      ['alter table "Kept"', 'rewrite', { what: 'truncated or rewrote', relation: 'public.Kept' }],
      ['insert into "Kept"', 'savepoints', { what: 'inserted', rows: 2, relation: 'public.Kept' }],
    ])('finds %s, as %s', async (statement, name, change) => {
      const { transactions } = await find(statement);
      expect(transactions.find(({ id }) => id === ids[name])?.did).toContainEqual(change);
    });

    test('says of a table that was rewritten nothing of the one that took its place meanwhile', async () => {
      const { transactions } = await find('alter table "Kept"');
      expect(transactions.find(({ id }) => id === ids['rewrite'])?.did).toEqual([
        { what: 'truncated or rewrote', relation: 'public.Kept' },
        { what: 'inserted', rows: 2, relation: 'public.Kept' },
      ]);
    });

    test('leaves out what was rolled back, what another database did, and what only looks like a commit', async () => {
      const found = await find();
      expect(idsOf(found)).toEqual(expect.arrayContaining(Object.values(ids)));
      expect(idsOf(found)).not.toContain('999');
      const others = found.transactions.filter(({ id }) => !Object.values(ids).includes(id));
      expect(others.map(({ did }) => did)).toEqual(
        expect.arrayContaining([[{ what: 'inserted', rows: 1, relation: 'public.Kept' }]]), // prepared
      );
      expect(JSON.stringify(found)).not.toContain('database other');
      expect((await find('DELETE FROM orders')).transactions).toEqual([]);
    });

    test('searches by relation and by time', async () => {
      const found = await find('--relation', 'public.orders');
      const { transactions } = found;
      expect(transactions.map(({ id }) => id)).toEqual(
        ['update', 'truncate', 'insert', 'late'].map((name) => ids[name]),
      );
      const { at } = mustExist(transactions[1], 'transaction');
      const from = at.replace('T', ' ').slice(0, 23);
      const later = await find('--relation', 'orders', '--from', from);
      expect(idsOf(later)).toEqual(['truncate', 'insert', 'late'].map((name) => ids[name]));
      expect(idsOf(await find('--to', '2020-01-01'))).toEqual([]);
    });

    test('shows names as text in one line, whatever is in them', async () => {
      const { transactions } = await find('truncate', '--relation', `public.${hostileName}`);
      expect(transactions).toMatchObject([{ id: ids['hostile'], did: [{ what: 'truncated' }] }]);
      const { stdout } = await runOn(app, 'wal', 'find', 'postgresql', '--relation', `public.${hostileName}`);
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]/);
      const [first, second] = stdout.split('\n');
      expect(first).toMatch(
        new RegExp(`^\\d{4}-\\d\\d-\\d\\d [\\d:.]+Z  0/[0-9A-F]+  xid ${ids['hostile']}$`),
      );
      expect(second).toBe('  truncated public.a\\u000a\\u001b[2Jb\\u0009c <img src=x onerror=alert(1)>');
    });

    test('refuses what the log cannot show, and flags of another action', async () => {
      for (const args of [
        ['find', 'postgresql', 'SELECT 1'],
        ['find', 'postgresql', '--from', 'yesterday'],
        ['find', 'postgresql', '--from', '2026-01-02', '--to', '2026-01-01'],
        ['status', 'postgresql', '--relation', 'users'],
        ['find', 'postgresql', '--force'],
      ])
        expect((await runOn(app, 'wal', ...args)).problem).toMatchObject({ code: 'usage.invalid' });
    });

    test('reads the same records as pg_waldump, but for text that it takes for some', async () => {
      const base = mustExist((await allBases(app, 'postgresql'))[0], 'base');
      const { start } = factsOf(base.manifest);
      const own: string[] = [];
      for await (const records of readRecords(log.read(start), start, await formAt(log, start)))
        for (const { position, total, bytes } of records)
          own.push(`${total} ${bytes.readUInt32LE(4)} ${formatPosition(position)}`);
      const args = ['-p', join(data, 'pg_wal'), '-s', formatPosition(start), '-e', formatPosition(log.end)];
      const { stdout } = await run(join(server.binDir, 'pg_waldump'), args, { maxBuffer: 1 << 28 });
      const line = /^rmgr: \S+ +len \(rec\/tot\): +\d+\/ *(\d+), tx: +(\d+), lsn: (\S+), prev/gm;
      const theirs = [...stdout.matchAll(line)].map(([, total, id, lsn = '']) => {
        const [high = '', low = ''] = lsn.split('/');
        return `${total} ${id} ${high}/${low.replace(/^0+/, '')}`;
      });
      expect(own.length).toBeGreaterThan(1000);
      // of a message, and of the name of a prepared transaction
      const others = theirs.filter((each) => !own.includes(each));
      expect(others).toEqual(['34 999 0/F000028', '34 999 0/F000028']);
      expect(own.filter((each) => !theirs.includes(each))).toEqual([]);
    });

    test('reads no further than a hole, and says so', async () => {
      await app.stores.primary.remove(mustExist(pieces.at(-2), 'piece'));
      const { searched } = await find();
      expect(searched).toMatchObject([{ hole: { from: expect.any(String), to: expect.any(String) } }]);
      expect((await runOn(app, 'wal', 'find', 'postgresql')).stdout).toContain(
        'is missing, and was not searched',
      );
    });
  });
});
