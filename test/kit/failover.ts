import { join } from 'node:path';
import type { PostgresqlSource } from '../../runtime/src/engines/postgresql/client.ts';
import { postgresql } from '../../runtime/src/engines/postgresql/index.ts';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import type { LogPlace } from '../../runtime/src/wal/place.ts';
import { receive } from '../../runtime/src/wal/receive.ts';
import { newState, type ReceiverState } from '../../runtime/src/wal/receiver-state.ts';
import { captureText } from './capture.ts';
import { startPostgresql, type PostgresqlOptions, type TestPostgresql } from './postgresql.ts';
import { unprivileged, workFolder } from './private-server.ts';
import { testRun } from './run.ts';
import { until } from './until.ts';

const log = mustExist(postgresql.log, 'log of PostgreSQL');

export const sourceOf = (server: TestPostgresql): PostgresqlSource => ({
  name: 'postgresql',
  connection: postgresql.connection.parse({ host: server.host, port: server.port, database: 'postgres' }),
  credentials: { username: server.user, password: server.password },
});

/** A receiver of this process. */
export interface TestReceiver {
  readonly state: ReceiverState;
  /** Waits until all that the server has written is stored; resolves to where that is. */
  readonly untilStored: () => Promise<bigint>;
  readonly stop: () => Promise<void>;
}

/** Stores the log of a server at a place, through a slot of a name. */
export const startReceiver = (place: LogPlace, server: TestPostgresql, name: string): TestReceiver => {
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

/** A standby of a server, which follows it until it is promoted. */
export const startStandby = async (
  primary: TestPostgresql,
  settings: PostgresqlOptions['settings'],
): Promise<TestPostgresql> => {
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
  return startPostgresql({
    data,
    programs: primary.binDir,
    password: primary.password,
    ...(settings && { settings }),
  });
};

/** Waits until the standby has all that the receiver stored, and puts it in the place of its primary. */
export const promote = async (
  primary: TestPostgresql,
  standby: TestPostgresql,
  receiver: TestReceiver,
): Promise<void> => {
  const before = await receiver.untilStored();
  await until(async () => (await log.identify(testRun(), sourceOf(standby))).position >= before);
  await receiver.stop();
  await primary.stop();
  await standby.psql('postgres', 'SELECT pg_promote()');
};
