import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { postgresql } from '../../runtime/src/engines/postgresql/index.ts';
import { directoryStore } from '../../runtime/src/store/directory.ts';
import type { LogPlace } from '../../runtime/src/wal/place.ts';
import { openLogReader } from '../../runtime/src/wal/reader.ts';
import { readStored } from '../../runtime/src/wal/stored.ts';
import { promote, sourceOf, startReceiver, startStandby } from '../kit/failover.ts';
import { startPostgresql, type TestPostgresql } from '../kit/postgresql.ts';
import { removeFolder, workFolder } from '../kit/private-server.ts';
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

const fill = (server: TestPostgresql): Promise<string> =>
  server.psql('postgres', `INSERT INTO filled SELECT n, md5(n::text) FROM generate_series(1, 20000) n`);

const standbyOf = async (primary: TestPostgresql): Promise<TestPostgresql> => {
  const standby = await startStandby(primary, settings);
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
  const first = startReceiver(place, primary, name);
  await fill(primary);
  await promote(primary, standby, first);
  await fill(standby);
};

describe('a failover', () => {
  test('to a standby without the slot leaves no gap: one line through both timelines, with segments of 64 MB', async () => {
    const primary = servers[0]!;
    const standby = await standbyOf(primary);
    await failOver(primary, standby);

    const second = startReceiver(place, standby, name);
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
    const standby = await standbyOf(primary);
    await log.openSlot(testRun(), sourceOf(standby), { name, allowUnlimited: false });
    await failOver(primary, standby);
    const second = startReceiver(place, standby, name);
    await until(() => second.state.identity?.timeline === 3);
    await second.untilStored();
    await second.stop();
    expect((await readStored(place, second.state.identity!.system)).gaps).toEqual([]);
    expect(second.state.slot?.name).toBe(name);
  }, 120_000);
});
