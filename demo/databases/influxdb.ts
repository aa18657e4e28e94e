import { influxd2 } from '../../test/kit/influxdb.ts';
import { buckets, linesAt, type Series } from '../data/influxdb.ts';
import type { Database } from './database.ts';
import type { InfluxdbServer } from './influxdb-server.ts';
import { influxdb1 } from './influxdb1.ts';
import { influxdb2 } from './influxdb2.ts';

/** Steps of a bucket that one request writes. */
const batchSteps = 25;

/** Writes whole steps from `now` back, until there are `steps` of them or `bytes` were sent. */
const fillBucket = async (
  server: InfluxdbServer,
  series: Series,
  now: number,
  steps: number,
  bytes: number,
): Promise<void> => {
  for (let step = 0, sent = 0; step < steps && sent < bytes; step += batchSteps) {
    const lines = Array.from({ length: batchSteps }, (_, index) => linesAt(series, step + index, now)).join(
      '\n',
    );
    sent += lines.length;
    await server.write(series.bucket, lines);
  }
};

/** A private InfluxDB. `start` @default 2.x where INFLUXD2 names its binary, else Debian's 1.x */
export const influxdbDatabase = async (
  target: string,
  token?: string,
  start: (token?: string) => Promise<InfluxdbServer> = influxd2 ? influxdb2 : influxdb1,
): Promise<Database> => {
  const server = await start(token);
  return {
    ...server,
    target,
    /** Raw readings up to `bytes` of line protocol, 60 days by the hour, a year by the day. */
    fill: async (bytes) => {
      // An hour back, so that nothing lies in the future.
      const now = Math.floor(Date.now() / 1000) - 3600;
      await server.create();
      await fillBucket(server, buckets.hourly, now, 60 * 24, Infinity);
      await fillBucket(server, buckets.daily, now, 365, Infinity);
      await fillBucket(server, buckets.raw, now, Infinity, bytes);
    },
    // a restore brings the tokens of 2.x back, so the new server is set up with the one that will be in force
    startEmpty: () => influxdbDatabase(target, server.credentials.token, start),
  };
};
