import { randomBytes } from 'node:crypto';
import { buckets, linesAt } from '../../demo/data/influxdb.ts';
import { readings, schema } from '../../demo/data/postgresql.ts';
import { sessions } from '../../demo/data/redis.ts';
import { startInfluxdb1 } from '../../test/kit/influxdb.ts';
import { startPostgresql } from '../../test/kit/postgresql.ts';
import { startRedis } from '../../test/kit/redis.ts';

type Address = Readonly<Record<string, string | number>>;

/** Databases of Grill Stats that live: more data every day. */
export interface Platform {
  /** `connection` of each target, and what else the plan has to say of it. */
  readonly connections: Readonly<Record<string, Address>>;
  /** By Secret and key. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** @param day 0, 1, 2 … */
  readonly grow: (day: number) => Promise<void>;
  /** Changes the password of PostgreSQL's account, which nobody tells the backups. */
  readonly rotatePassword: (rotated: string) => Promise<void>;
  /** Most sessions of Redis are gone. */
  readonly loseSessions: () => Promise<void>;
}

const database = 'grill_stats';
const account = 'grill_backup';
const perDay = { readings: 12_000, steps: 20, users: 250 };
/** Days of data that are there on the first one. */
const grownDays = 20;

/** Starts private servers, and fills them. @param from milliseconds; no point is newer: to a backup of that time it would lie in the future */
export const startPlatform = async (from: number, stack: AsyncDisposableStack): Promise<Platform> => {
  const admin = { username: 'admin', password: randomBytes(12).toString('hex') };
  const redisPassword = randomBytes(12).toString('hex');
  const postgresql = stack.adopt(await startPostgresql(), (server) => server.stop());
  const influxdb = stack.adopt(await startInfluxdb1({ admin }), (server) => server.stop());
  const redis = stack.adopt(await startRedis({ password: redisPassword }), (server) => server.stop());
  const before = Math.floor(from / 1000) - 60;
  const write = async (day: number): Promise<void> => {
    const { raw } = buckets;
    const steps = Array.from({ length: perDay.steps }, (_, step) => day * perDay.steps + step);
    await influxdb.write(database, steps.map((step) => linesAt(raw, step, before)).join('\n'));
  };
  const meet = (from: number, to: number) => redis.script(sessions(from * perDay.users, to * perDay.users));

  const password = randomBytes(12).toString('hex');
  await postgresql.psql('postgres', `CREATE ROLE ${account} SUPERUSER LOGIN PASSWORD '${password}'`);
  await postgresql.psql('postgres', `CREATE DATABASE ${database}`);
  await postgresql.psql(database, schema + readings(grownDays * perDay.readings));
  await influxdb.query(`CREATE DATABASE ${database}`);
  for (let day = 0; day < grownDays; day += 1) await write(day);
  await meet(0, grownDays);
  return {
    connections: {
      postgresql: { host: postgresql.host, port: postgresql.port, database },
      influxdb: { host: influxdb.host, port: influxdb.port, rpcPort: influxdb.rpcPort },
      redis: { host: redis.host, port: redis.port },
    },
    secrets: {
      'postgresql-secret': { username: account, password },
      'influxdb-secret': admin,
      'redis-secret': { password: redisPassword },
    },
    grow: async (day) => {
      await postgresql.psql(database, readings(perDay.readings));
      await write(grownDays + day);
      await meet(grownDays + day, grownDays + day + 1);
    },
    rotatePassword: async (rotated) => {
      await postgresql.psql('postgres', `ALTER ROLE ${account} PASSWORD '${rotated}'`);
    },
    loseSessions: async () => {
      await redis.cli('FLUSHALL');
      await meet(0, 3);
    },
  };
};
