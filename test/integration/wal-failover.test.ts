import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { PostgresqlSource } from '../../runtime/src/engines/postgresql/client.ts';
import { postgresql } from '../../runtime/src/engines/postgresql/index.ts';
import { directoryStore } from '../../runtime/src/store/directory.ts';
import type { LogPlace } from '../../runtime/src/wal/place.ts';
import { openLogReader } from '../../runtime/src/wal/reader.ts';
import { receive } from '../../runtime/src/wal/receive.ts';
import { newState } from '../../runtime/src/wal/receiver-state.ts';
import { readStored } from '../../runtime/src/wal/stored.ts';
import { captureText } from '../kit/capture.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { removeFolder, unprivileged, workFolder } from '../kit/private-server.ts';
import { toyPlace } from '../kit/received.ts';
import { testRun } from '../kit/run.ts';
import { until } from '../kit/until.ts';

const log = postgresql.log!;
const MiB = 1n << 20n;
const name = 'mine';
/** Segments of 64 MB, and checksums of blocks. */
const initdb = ['--wal-segsize=64', '--data-checksums'];
const settings = { max_slot_wal_keep_size: '4GB', wal_keep_size: '512MB' };

let folder: string;
let place: LogPlace;
const servers: TestPostgresql[] = [];

const sourceOf = (server: TestPostgresql): PostgresqlSource => ({
  name: 'postgresql',
  connection: postgresql.connection.parse({ host: server.host, port: server.port, database: 'postgres' }),
  credentials: { username: server.user, password: server.password },
});

const startReceiver = (server: TestPostgresql) => {
  const stopping = new AbortController();
  const run = testRun({ signal: stopping.signal });
  const state = newState();
  const source = sourceOf(server);
  const slot = { name, allowUnlimited: false };
  const ended = receive({ run, place, log, source, slot, state, pieceBytes: 1 << 20, intervalMs: 50 });
  ended.catch(() => {}); // thrown by `stop`
  return {
    state,
    untilStored: async () => {
      const { position } = await log.identify(run, source);
      await until(() => (state.stored ?? 0n) >= position);
      return position;
    },
    stop: async () => {
      stopping.abort(new Error('the test is over'));
      await ended;
      await run.dispose();
    },
  };
};

const fill = (server: TestPostgresql): Promise<string> =>
  server.psql('postgres', `INSERT INTO filled SELECT n, md5(n::text) FROM generate_series(1, 20000) n`);

/** A standby of the server, which follows it until it is promoted. */
const startStandby = async (primary: TestPostgresql): Promise<TestPostgresql> => {
  const data = join(workFolder('standby'), 'data');
  const address = ['-h', primary.host, '-p', `${primary.port}`, '-U', primary.user];
  await captureText(
    join(primary.binDir, 'pg_basebackup'),
    ['-D', data, '-R', '-X', 'stream', '-c', 'fast', ...address],
    {
      ...unprivileged,
      env: { ...process.env, PGPASSWORD: primary.password },
    },
  );
  const standby = await startPostgresql({ data, password: primary.password, settings });
  servers.push(standby);
  return standby;
};

beforeAll(async () => {
  folder = workFolder('wal-failover');
  place = toyPlace(directoryStore({ path: folder }), { target: 'postgresql' });
  const primary = await startPostgresql({ initdb, settings });
  servers.push(primary);
  await primary.psql('postgres', 'CREATE TABLE filled (n int, text text)');
}, 60_000);

afterAll(async () => {
  for (const server of servers) await server.stop();
  await removeFolder(folder);
});

/** Receives from the primary until the standby has it all, and goes on with the standby in its place. */
const failOver = async (primary: TestPostgresql, standby: TestPostgresql): Promise<void> => {
  const first = startReceiver(primary);
  await fill(primary);
  const before = await first.untilStored();
  await until(async () => (await log.identify(testRun(), sourceOf(standby))).position >= before);
  await first.stop();
  await primary.stop();
  await standby.psql('postgres', 'SELECT pg_promote()');
  await fill(standby);
};

describe('a failover', () => {
  test('to a standby without the slot leaves no gap: one line through both timelines, with segments of 64 MB', async () => {
    const primary = servers[0]!;
    const standby = await startStandby(primary);
    await failOver(primary, standby);

    const second = startReceiver(standby);
    await until(() => second.state.identity?.timeline === 2);
    const end = await second.untilStored();
    await second.stop();
    const { system } = second.state.identity!;
    const { gaps, pieces } = await readStored(place, system);
    expect(gaps).toEqual([]);
    const from = pieces.map((piece) => piece.from).toSorted((a, b) => (a < b ? -1 : 1))[0]!;
    expect(from % (64n * MiB)).toBe(0n);
    const reader = await openLogReader(place, log, { system, timeline: 1, from });
    expect(reader.timelines.map(({ timeline }) => timeline)).toEqual([1, 2]);
    expect(reader.hole).toBeUndefined();
    expect(reader.end).toBeGreaterThanOrEqual(end);
    let bytes = 0n;
    for await (const chunk of reader.read(from)) bytes += BigInt(chunk.length);
    expect(from + bytes).toBe(reader.end);
    expect(log.ancestors((await reader.history(2))!)[0]!.at).toBe(reader.timelines[1]!.from);
  }, 120_000);

  test('to a standby with the slot goes on at the slot', async () => {
    const primary = servers.at(-1)!;
    const standby = await startStandby(primary);
    await log.openSlot(testRun(), sourceOf(standby), { name, allowUnlimited: false });
    await failOver(primary, standby);
    const second = startReceiver(standby);
    await until(() => second.state.identity?.timeline === 3);
    await second.untilStored();
    await second.stop();
    expect((await readStored(place, second.state.identity!.system)).gaps).toEqual([]);
    expect(second.state.slot?.name).toBe(name);
  }, 120_000);
});
