import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import type { Database } from './databases/database.ts';

/** Somebody who uses the database all the time, as a platform does. */
export interface Writer {
  /** Rows of which the database said that they were committed. */
  readonly committed: () => number;
  /** Rows of this writer that the database has. */
  readonly present: () => Promise<number>;
  /** Resolves when at least so many rows more were committed; fails where writing did. */
  readonly more: (rows: number) => Promise<void>;
  /** Anything else, by the same account. */
  readonly query: (sql: string) => Promise<void>;
  /** Ends the writing, not the connection. */
  readonly stop: () => Promise<void>;
  readonly close: () => Promise<void>;
}

/** Marks what it writes. */
const probe = 'demo';
const pauseMs = 20;

const insert = `INSERT INTO temperature_readings (device_id, probe, celsius, read_at) VALUES (1, '${probe}', 107, now())`;

/** Commits a reading every few milliseconds, until it is stopped. */
export const startWriter = async (
  { connection, credentials }: Pick<Database, 'connection' | 'credentials'>,
  database: string,
): Promise<Writer> => {
  const client = new Client({
    host: String(connection['host']),
    port: Number(connection['port']),
    user: credentials['username'],
    password: credentials['password'],
    database,
  });
  await client.connect();
  const state = { committed: 0, stopped: false };
  const loop = async (): Promise<void> => {
    while (!state.stopped) {
      await client.query(insert);
      state.committed++;
      await sleep(pauseMs);
    }
  };
  const writing = loop();
  writing.catch(() => {}); // thrown where it is waited for
  return {
    committed: () => state.committed,
    present: async () => {
      const sql = `SELECT count(*)::int AS rows FROM temperature_readings WHERE probe = '${probe}'`;
      return (await client.query<{ rows: number }>(sql)).rows[0]?.rows ?? 0;
    },
    more: async (rows) => {
      const wanted = state.committed + rows;
      while (state.committed < wanted) await Promise.race([sleep(pauseMs), writing]);
    },
    query: async (sql) => void (await client.query(sql)),
    stop: async () => {
      state.stopped = true;
      await writing;
    },
    close: async () => {
      state.stopped = true;
      await writing.catch(() => {}); // thrown by `stop`
      await client.end();
    },
  };
};
