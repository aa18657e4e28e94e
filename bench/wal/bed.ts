import { join } from 'node:path';
import { startPostgresql, type TestPostgresql } from '../../test/kit/postgresql.ts';
import { freePort } from '../../test/kit/private-server.ts';
import { makePlanFolder, type PlanFolder } from '../harness/plan-folder.ts';
import { bedOf, database, fill, type Bed as PostgresqlBed } from '../postgresql/bed.ts';

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
export interface Bed extends PostgresqlBed {
  /** The store. */
  readonly store: string;
  /** Port that a receiver of the plan is asked on. */
  readonly port: number;
  /** Runs SQL in the database. */
  readonly sql: (text: string) => Promise<string>;
}

/** As production has them, where they decide what the log is. */
const settings = {
  full_page_writes: 'on',
  max_wal_size: '4GB',
  max_slot_wal_keep_size: '64GB',
};

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
  await fill(postgresql, megabytes);
  const plan = planOf(postgresql);
  return {
    ...bedOf(postgresql, plan),
    store: join(plan.folder, 'backup'),
    port: await freePort(),
    sql: (text) => postgresql.psql(database, text),
  };
};
