import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { median } from '../../runtime/src/core/median.ts';
import { table } from '../../runtime/src/core/text-table.ts';
import { empty } from '../harness/contenders.ts';
import { machineSeconds } from '../harness/processes.ts';
import type { RaceResult } from '../harness/race.ts';
import { database } from '../postgresql/bed.ts';
import { slotOf, type Bed, type Variant } from './bed.ts';
import { dropSlots, startOurs } from './receivers.ts';

/** Between two looks at the slot: as exact as a figure is. */
const lookMs = 5;

interface Commit {
  readonly lsn: bigint;
  readonly atMs: number;
}

const connect = async ({ postgresql: { host, port, user, password } }: Bed): Promise<Client> => {
  const client = new Client({ host, port, user, password, database });
  await client.connect();
  return client;
};

/** Counts bytes of the log. */
const number = (lsn: string): string => `(${lsn} - '0/0')::bigint::text`;

const one = async (client: Client, sql: string): Promise<string> => {
  const { rows } = await client.query<{ value: string }>(`select ${sql} as value`);
  return rows[0]?.value ?? '0';
};

/** Commits a row; resolves to how long that took. */
const commit = async (client: Client): Promise<number> => {
  const began = performance.now();
  await client.query('insert into marks values (now())');
  return performance.now() - began;
};

/** Writes for some seconds, and looks when each commit was confirmed; in ms. */
const storedAfter = async (bed: Bed, target: Variant, seconds: number): Promise<readonly number[]> => {
  const [writer, looker] = [await connect(bed), await connect(bed)];
  const commits: Commit[] = [];
  const found: number[] = [];
  const end = performance.now() + seconds * 1000;
  const writing = (async () => {
    while (performance.now() < end) {
      await commit(writer);
      commits.push({
        atMs: performance.now(),
        lsn: BigInt(await one(writer, number('pg_current_wal_lsn()'))),
      });
      await sleep(Math.random() * 200);
    }
  })();
  const confirmed = `coalesce((select ${number('restart_lsn')} from pg_replication_slots where slot_name = '${slotOf(target)}'), '0')`;
  for (let isOver = false; !isOver || commits.length > 0; await sleep(lookMs)) {
    const position = BigInt(await one(looker, confirmed));
    const nowMs = performance.now();
    isOver = nowMs > end;
    for (let next = commits[0]; next && next.lsn <= position; next = commits[0]) {
      found.push(nowMs - next.atMs);
      commits.shift();
    }
  }
  await writing;
  await Promise.all([writer.end(), looker.end()]);
  return found;
};

/** How long commits take themselves, in ms. */
const commitTimes = async (bed: Bed, seconds: number): Promise<readonly number[]> => {
  const client = await connect(bed);
  const found: number[] = [];
  const end = performance.now() + seconds * 1000;
  while (performance.now() < end) {
    found.push(await commit(client));
    await sleep(Math.random() * 100);
  }
  await client.end();
  return found;
};

const waitFor = (bed: Bed, name: string): Promise<string> =>
  bed
    .sql(`alter system set synchronous_standby_names = '${name}'`)
    .then(() => bed.sql('select pg_reload_conf()'));

const following = async <T>(bed: Bed, target: Variant, work: () => Promise<T>): Promise<T> => {
  empty(bed.store);
  const receiver = await startOurs(bed, target);
  try {
    return await work();
  } finally {
    await receiver.stop();
    await dropSlots(bed);
  }
};

const row = (name: string, values: readonly number[]): readonly string[] => {
  const seconds = (ms: number): string => (ms / 1000).toFixed(3);
  return [name, seconds(median(values)), seconds(Math.max(...values)), `${values.length}`];
};

/** Measures from a commit's answer to the moment when the server is told that it is stored, and what waiting for that adds to a commit. */
export const latencies = async (bed: Bed, seconds: number): Promise<RaceResult> => {
  await bed.sql('create table marks (at timestamptz)');
  const before = { at: performance.now(), ...machineSeconds() };
  const stored = async (name: string, target: Variant) =>
    row(name, await following(bed, target, () => storedAfter(bed, target, seconds)));
  const rows = [
    await stored('commit → stored, interval: 10s', 'ten'),
    await stored('commit → stored, interval: 1s', 'one'),
    row('the commit itself', await commitTimes(bed, seconds / 2)),
  ];
  await following(bed, 'waiting', async () => {
    await waitFor(bed, slotOf('waiting'));
    try {
      rows.push(row('the commit itself, synchronous: true', await commitTimes(bed, seconds / 2)));
    } finally {
      await waitFor(bed, '');
    }
  });
  const after = machineSeconds();
  const busy = after.busy - before.busy + after.stolen - before.stolen;
  return {
    table: table(['', 'median s', 'worst s', 'commits'], rows),
    disturbed: Math.min(1, busy / ((performance.now() - before.at) / 1000) / 2),
  };
};
