import { delimiter, join } from 'node:path';
import { readings, schema } from '../../demo/data/postgresql.ts';
import { startPostgresql, type TestPostgresql } from '../../test/kit/postgresql.ts';
import { freePort, removeFolder } from '../../test/kit/private-server.ts';
import type { Observed } from '../harness/measure.ts';
import { makePlanFolder, type PlanFolder } from '../harness/plan-folder.ts';

export const database = 'grillstats';

/** Targets of the plan: the same server, of which the log is kept in several ways. */
const variants = {
  ten: { interval: '10s' },
  one: { interval: '1s' },
  waiting: { synchronous: true },
} as const;

export type Variant = keyof typeof variants;

/** Slot of a target's receiver, which is also the name that commits wait for. */
export const slotOf = (target: Variant): string => `grill_backup_bench_${target}`;

/** A server with a database, a plan that keeps its log, and what a user's shell needs to reach it. */
export interface Bed extends PlanFolder {
  readonly postgresql: TestPostgresql;
  readonly observed: Observed;
  /** The store. */
  readonly store: string;
  /** Port that a receiver of the plan is asked on. */
  readonly port: number;
  /** Runs SQL in the database. */
  readonly sql: (text: string) => Promise<string>;
  readonly stop: () => Promise<void>;
}

/** As production has them, where they decide what the log is. */
const settings = {
  full_page_writes: 'on',
  max_wal_size: '4GB',
  max_slot_wal_keep_size: '64GB',
};

/** Rows of readings that take one megabyte of database, with their two indexes. */
const rowsPerMegabyte = 7_800;

const planOf = ({ host, port, user, password }: TestPostgresql): PlanFolder =>
  makePlanFolder(
    Object.entries(variants).map(([name, pointInTime]) => ({
      name,
      engine: 'postgresql',
      connection: { host, port, database },
      pointInTime,
    })),
    { postgresql: { username: user, password } },
    { compression: { algorithm: 'zstd' } },
  );

/** Starts a private PostgreSQL with about `megabytes` of database in it. */
export const makeBed = async (megabytes: number): Promise<Bed> => {
  const postgresql = await startPostgresql({ settings });
  const sql = (text: string): Promise<string> => postgresql.psql(database, text);
  await postgresql.psql('postgres', `create database ${database}`);
  await sql(schema);
  await sql(readings(megabytes * rowsPerMegabyte));
  await sql('vacuum analyze');
  const plan = planOf(postgresql);
  const { host, port, user, password, binDir } = postgresql;
  return {
    ...plan,
    postgresql,
    observed: { pid: postgresql.pid },
    store: join(plan.folder, 'backup'),
    port: await freePort(),
    sql,
    env: {
      ...plan.env,
      PATH: [binDir, plan.env['PATH']].join(delimiter),
      PGHOST: host,
      PGPORT: String(port),
      PGUSER: user,
      PGPASSWORD: password,
    },
    stop: async () => {
      await postgresql.stop();
      await removeFolder(plan.folder);
    },
  };
};
