import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { LogStream } from '../../../runtime/src/engines/engine-log.ts';
import type { PostgresqlSource } from '../../../runtime/src/engines/postgresql/client.ts';
import { postgresql } from '../../../runtime/src/engines/postgresql/index.ts';
import { startPostgresql, type TestPostgresql } from '../../kit/postgresql.ts';
import { removeFolder, workFolder } from '../../kit/private-server.ts';
import { testRun, type TestRun } from '../../kit/run.ts';
import { until } from '../../kit/until.ts';

const log = postgresql.log!;
const MiB = 1n << 20n;

let run: TestRun;
let data: string;
let server: TestPostgresql;

const sourceOf = (username: string, password: string, more: object = {}): PostgresqlSource => ({
  name: 'postgresql',
  connection: postgresql.connection.parse({
    host: server.host,
    port: server.port,
    database: 'postgres',
    ...more,
  }),
  credentials: { username, password },
});
const admin = () => sourceOf(server.user, server.password);
const follower = () => sourceOf('follower', 'secret');

beforeAll(async () => {
  run = testRun();
  data = join(workFolder('pg-log'), 'data');
  const settings = { max_slot_wal_keep_size: '4GB', max_replication_slots: '4', max_wal_senders: '3' };
  server = await startPostgresql({ data, settings });
  await server.psql(
    'postgres',
    `CREATE ROLE follower LOGIN REPLICATION PASSWORD 'secret';
     CREATE ROLE "no ""one" LOGIN PASSWORD 'secret';
     CREATE TABLE filled (n int, text text)`,
  );
}, 60_000);

afterAll(async () => {
  await server.stop();
  await removeFolder(join(data, '..'));
  await run.dispose();
});

const fill = (rows: number): Promise<string> =>
  server.psql(
    'postgres',
    `INSERT INTO filled SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, ${rows}) n`,
  );

/** Digest of the log from where the stream begins up to a position, confirmed as it comes. */
const digestUpTo = async (stream: LogStream, end: bigint): Promise<string> => {
  const digest = createHash('sha256');
  for await (const { from, bytes } of stream.chunks) {
    const to = from + BigInt(bytes.length);
    digest.update(to > end ? bytes.subarray(0, Number(end - from)) : bytes);
    stream.confirm(to);
    if (to >= end) break;
  }
  return digest.digest('hex');
};

const refusalOf = (step: Promise<unknown>): Promise<{ code: string; message: string }> =>
  step.then(
    () => ({ code: 'none', message: '' }),
    ({ code, message }: { code: string; message: string }) => ({ code, message }),
  );

describe('the log of PostgreSQL', () => {
  test('an account with REPLICATION alone makes a slot, follows it, and only what it confirms moves the slot', async () => {
    const { state, before } = await log.openSlot(run, follower(), { name: 'mine', allowUnlimited: false });
    expect(before).toBe('absent');
    expect(state.status).toBe('idle');
    expect(state.safeBytes).toBeGreaterThan(MiB);
    const from = state.restart!;
    expect(from % (16n * MiB)).toBe(0n);

    await fill(40_000);
    await log.heartbeat(run, follower());
    await server.psql('postgres', 'SELECT pg_switch_wal()');
    const { system, timeline, position } = await log.identify(run, follower());
    expect(timeline).toBe(1);
    expect(system).toBe(
      await server
        .psql('postgres', 'SELECT system_identifier FROM pg_control_system()')
        .then((s) => s.trim()),
    );

    const end = position - (position % (16n * MiB));
    expect(end - from).toBeGreaterThan(16n * MiB);
    const stream = await log.stream(run, follower(), { slot: 'mine', timeline, from });
    const digest = await digestUpTo(stream, end);
    expect((await log.slotState(run, follower(), 'mine')).status).toBe('active');
    expect(stream.seen()?.position).toBeGreaterThanOrEqual(end);
    await until(async () => (await log.slotState(run, follower(), 'mine')).restart! >= end);
    await stream.close();

    const files = createHash('sha256');
    for (let segment = from / (16n * MiB); segment < end / (16n * MiB); segment++) {
      const name = `00000001${segment.toString(16).toUpperCase().padStart(16, '0')}`;
      files.update(readFileSync(join(data, 'pg_wal', name)));
    }
    expect(digest).toBe(files.digest('hex'));
    await until(async () => (await log.slotState(run, follower(), 'mine')).status === 'idle');
    expect((await log.openSlot(run, follower(), { name: 'mine', allowUnlimited: false })).before).toBe(
      'idle',
    );
  }, 60_000);

  test('a reader that does not read holds the server back, in bounded memory', async () => {
    const { position } = await log.identify(run, admin());
    const from = position - (position % (16n * MiB));
    await log.openSlot(run, admin(), { name: 'slow', allowUnlimited: false });
    const stream = await log.stream(run, admin(), { slot: 'slow', timeline: 1, from });
    await fill(60_000);
    const sent = async () =>
      server
        .psql('postgres', `SELECT sent_lsn FROM pg_stat_replication WHERE application_name = 'slow'`)
        .then((text) => log.parsePosition(text.trim()));
    const ended = (await log.identify(run, admin())).position;
    expect(ended - from).toBeGreaterThan(20n * MiB);
    let last: bigint | undefined;
    await until(async () => {
      const now = await sent();
      const same = now !== undefined && now === last;
      last = now;
      return same;
    });
    // queue and buffers of both sockets
    expect((await sent())! - from).toBeLessThan(12n * MiB);
    await digestUpTo(stream, ended);
    await stream.close();
    await log.dropSlot(run, admin(), 'slow');
    await log.dropSlot(run, admin(), 'slow');
    expect((await log.slotState(run, admin(), 'slow')).status).toBe('absent');
  }, 60_000);

  test('what the server no longer has is a gap', async () => {
    await log.openSlot(run, admin(), { name: 'gone', allowUnlimited: false });
    const stream = await log.stream(run, admin(), { slot: 'gone', timeline: 1, from: 0n });
    const refused = await refusalOf(stream.chunks[Symbol.asyncIterator]().next());
    await stream.close();
    await log.dropSlot(run, admin(), 'gone');
    expect(refused.code).toBe('log.gap');
    expect(refused.message).toMatch(/has already been removed/);
  });

  test('a second follower of one slot is refused', async () => {
    const { state } = await log.openSlot(run, admin(), { name: 'mine', allowUnlimited: false });
    const start = { slot: 'mine', timeline: 1, from: state.restart! };
    const first = await log.stream(run, admin(), start);
    await until(async () => (await log.slotState(run, admin(), 'mine')).status === 'active');
    const second = await log.stream(run, admin(), start);
    expect(await refusalOf(second.chunks[Symbol.asyncIterator]().next())).toMatchObject({ code: 'log.busy' });
    expect(await refusalOf(log.dropSlot(run, admin(), 'mine'))).toMatchObject({ code: 'log.busy' });
    await second.close();
    await first.close();
  });

  test('an account without REPLICATION is told the statement', async () => {
    const refused = await refusalOf(
      log.openSlot(run, sourceOf('no "one', 'secret'), { name: 'other', allowUnlimited: false }),
    );
    expect(refused.code).toBe('log.role');
    expect(refused.message).toMatch(/ALTER ROLE "no ""one" REPLICATION$/);
    expect(await refusalOf(log.identify(run, sourceOf('no "one', 'secret')))).toMatchObject({
      code: 'log.role',
    });
  });

  test('a slot more than there may be is refused with the setting', async () => {
    const names = ['a', 'b', 'c', 'd'];
    const open = (name: string) => log.openSlot(run, admin(), { name, allowUnlimited: false });
    const outcomes = [];
    for (const name of names) outcomes.push(await refusalOf(open(name)));
    for (const name of names) await log.dropSlot(run, admin(), name);
    expect(outcomes.at(-1)).toMatchObject({ code: 'log.setting' });
    expect(outcomes.at(-1)?.message).toMatch(/max_replication_slots/);
  });

  test('a connection more than there may be is refused with the setting', async () => {
    const streams: LogStream[] = [];
    for (const name of ['a', 'b', 'c']) {
      const { state } = await log.openSlot(run, admin(), { name, allowUnlimited: false });
      streams.push(await log.stream(run, admin(), { slot: name, timeline: 1, from: state.restart! }));
    }
    const refused = await refusalOf(log.identify(run, admin()));
    for (const stream of streams) await stream.close();
    for (const name of ['a', 'b', 'c']) await until(() => log.dropSlot(run, admin(), name).then(() => true));
    expect(refused.code).toBe('log.setting');
    expect(refused.message).toMatch(/max_wal_senders/);
  });

  test('a server without a limit for slots is refused, unless the plan allows it', async () => {
    const unlimited = await startPostgresql({});
    const source = sourceOf(unlimited.user, unlimited.password, { port: unlimited.port });
    const refused = await refusalOf(log.openSlot(run, source, { name: 'x', allowUnlimited: false }));
    const allowed = await log.openSlot(run, source, { name: 'x', allowUnlimited: true });
    await unlimited.stop();
    expect(refused.code).toBe('log.unlimited');
    expect(refused.message).toMatch(/ALTER SYSTEM SET max_slot_wal_keep_size/);
    expect(allowed.state.safeBytes).toBeUndefined();
  }, 60_000);

  test('a server that does not write its log for others is refused with the setting', async () => {
    const minimal = await startPostgresql({ settings: { wal_level: 'minimal', max_wal_senders: '0' } });
    const source = sourceOf(minimal.user, minimal.password, { port: minimal.port });
    const refused = await refusalOf(log.openSlot(run, source, { name: 'x', allowUnlimited: true }));
    await minimal.stop();
    expect(refused.code).toBe('log.setting');
    expect(refused.message).toMatch(
      /wal_level is minimal; the statement: ALTER SYSTEM SET wal_level = 'replica'/,
    );
  }, 60_000);

  test('a server that lets nobody replicate is refused with the line to add, which then helps', async () => {
    const hba = join(data, 'pg_hba.conf');
    const before = readFileSync(hba, 'utf8');
    const only = before.replaceAll(/^(local|host)\s+replication.*$/gm, '');
    const set = async (text: string) => {
      writeFileSync(hba, text);
      await server.psql('postgres', 'SELECT pg_reload_conf()');
    };
    await set(only);
    const refused = await until(async () => {
      const found = await refusalOf(log.identify(run, follower()));
      return found.code === 'log.hba' ? found : undefined;
    });
    const [, line] = /Add this line, then reload: (.*)$/.exec(refused.message) ?? [];
    expect(line).toBe('host replication follower 127.0.0.1/32 scram-sha-256');
    await set(`${only}\n${line}\n`);
    await until(async () => (await log.identify(run, follower())).timeline === 1);
    await set(before);
  });

  test('a slot that the server gave up is made anew, and said to have been lost', async () => {
    const limited = await startPostgresql({
      settings: { max_slot_wal_keep_size: '1MB', min_wal_size: '32MB', max_wal_size: '32MB' },
    });
    const source = sourceOf(limited.user, limited.password, { port: limited.port });
    await log.openSlot(run, source, { name: 'late', allowUnlimited: false });
    await limited.psql(
      'postgres',
      `CREATE TABLE filled AS SELECT n, repeat(md5(n::text), 20) FROM generate_series(1, 90000) n; CHECKPOINT`,
    );
    await until(async () => (await log.slotState(run, source, 'late')).status === 'lost');
    const opened = await log.openSlot(run, source, { name: 'late', allowUnlimited: false });
    await limited.stop();
    expect(opened.before).toBe('lost');
    expect(opened.state.status).toBe('idle');
  }, 60_000);
});
