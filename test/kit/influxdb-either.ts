import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { influxd2, startInfluxdb1, startInfluxdb2 } from './influxdb.ts';

/** A private InfluxDB of either generation, with points in one bucket or database. */
export interface EitherInfluxdb {
  readonly stop: () => Promise<void>;
  /** Of a target. */
  readonly connection: object;
  /** Where `recover.sh` restores to. */
  readonly into: string;
  readonly write: (lines: string) => Promise<void>;
  /** All points, as text, in order. */
  readonly points: () => Promise<readonly string[]>;
  /** Deletes all points from the first of these times, in milliseconds, to before the second. */
  readonly remove: (from: number, to: number) => Promise<void>;
}

/** A generation, in the terms of tests that are of both. */
export interface Generation {
  readonly name: string;
  /** Why its tests cannot run; undefined where they can. */
  readonly missing: string | undefined;
  /** Shards of its tests: as many as tell, in seconds. */
  readonly shards: number;
  readonly start: (data?: string) => Promise<EitherInfluxdb>;
  /** Entry of a shard in a dump. */
  readonly entryOf: (shard: number) => string;
  /** Files with the points of a shard, in a data folder. */
  readonly filesOf: (data: string, shard: number) => readonly string[];
}

/** Operator token of every server of 2.x: one that is started again, or restored, keeps it. */
export const eitherToken = 'the-operator-token-of-a-test';
const database = 'temperature';

const tsmFiles = (folder: string, shard: number): readonly string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.includes(`/autogen/${shard}/`) && file.endsWith('.tsm'))
    .map((file) => join(folder, file));

const start1 = async (data?: string): Promise<EitherInfluxdb> => {
  const server = await startInfluxdb1(data === undefined ? {} : { data });
  const { host, port, rpcPort } = server;
  return {
    stop: server.stop,
    connection: { host, port, rpcPort },
    into: `${host}:${rpcPort}`,
    write: async (lines) => {
      await server.query(`CREATE DATABASE ${database}`);
      await server.write(database, lines);
    },
    points: async () =>
      (await server.query('SELECT * FROM grill GROUP BY *', database))
        .flatMap(({ tags, columns, values }) => values.map((row) => JSON.stringify([tags, columns, row])))
        .toSorted(),
    remove: async (from, to) => {
      await server.query(`DELETE FROM grill WHERE time >= ${from}ms AND time < ${to}ms`, database);
    },
  };
};

const start2 = async (data?: string): Promise<EitherInfluxdb> => {
  const options = { token: eitherToken, bucket: database };
  const server = await startInfluxdb2({ ...options, ...(data !== undefined && { data }) });
  const { host, port, bucket, org } = server;
  return {
    stop: server.stop,
    connection: { host, port },
    into: `http://${host}:${port}`,
    write: (lines) => server.write(bucket, lines),
    points: async () =>
      (
        await server.query(
          `from(bucket: "${bucket}") |> range(start: -200y) |> drop(columns: ["_start", "_stop"])`,
        )
      )
        .split('\r\n')
        .map((line) => line.replace(/^,_result,\d+,/, ''))
        .toSorted(),
    remove: async (from, to) => {
      const range = { start: new Date(from).toISOString(), stop: new Date(to - 1).toISOString() };
      await server.api('POST', `/api/v2/delete?org=${org}&bucket=${bucket}`, range);
    },
  };
};

export const generations: readonly Generation[] = [
  {
    name: 'InfluxDB 1.x',
    missing: undefined,
    shards: 40,
    start: start1,
    entryOf: (shard) => `v1/${database}/s${shard}.tar.gz`,
    filesOf: (data, shard) => tsmFiles(join(data, 'data'), shard),
  },
  {
    name: 'InfluxDB 2.x',
    missing: influxd2 ? undefined : 'INFLUXD2 not set; in no Debian or npm package',
    shards: 100,
    start: start2,
    entryOf: (shard) => `v2/shards/${shard}.tar`,
    filesOf: (data, shard) => tsmFiles(join(data, 'engine/data'), shard),
  },
];
