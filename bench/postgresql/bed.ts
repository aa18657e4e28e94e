import { delimiter } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readings, schema } from '../../demo/data/postgresql.ts';
import { startPostgresql, type TestPostgresql } from '../../test/kit/postgresql.ts';
import { removeFolder } from '../../test/kit/private-server.ts';
import type { Observed } from '../harness/measure.ts';
import { makePlanFolder, type PlanFolder } from '../harness/plan-folder.ts';

export const database = 'grillstats';

/** Targets of the plan: the same database with other settings of its `connection`. */
export const variants = {
  postgresql: {},
  hashed: { contentHash: true },
  'by-server': { count: 'server' },
  'hashed-by-server': { count: 'server', contentHash: true },
} as const;

/** A filled server, a plan for it, and what a user's shell needs to reach it. */
export interface Bed extends PlanFolder {
  readonly postgresql: TestPostgresql;
  readonly observed: Observed;
  readonly stop: () => Promise<void>;
}

/** Rows of readings that take one megabyte of database, with their two indexes. */
const rowsPerMegabyte = 7_800;

/** Makes the database, with about `megabytes` in it. */
export const fill = async (postgresql: TestPostgresql, megabytes: number): Promise<void> => {
  await postgresql.psql('postgres', `create database ${database}`);
  await postgresql.psql(database, schema);
  await postgresql.psql(database, readings(megabytes * rowsPerMegabyte));
  await postgresql.psql(database, 'vacuum analyze');
};

/** Blocks of tables, indexes and catalogues that sessions in the database asked for; known once they have ended. */
const bytesRead = async ({ psql }: TestPostgresql): Promise<number> => {
  const sessions = `select count(*) from pg_stat_activity where datname = '${database}'`;
  while ((await psql('postgres', sessions)) !== '0') await sleep(20);
  const blocks = `select (blks_read + blks_hit) * 8192 from pg_stat_database where datname = '${database}'`;
  return Number(await psql('postgres', blocks));
};

/** A server with a plan for it. */
export const bedOf = (postgresql: TestPostgresql, plan: PlanFolder): Bed => {
  const { host, port, user, password, binDir } = postgresql;
  return {
    ...plan,
    postgresql,
    observed: { pid: postgresql.pid },
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

/** Starts a private PostgreSQL with about `megabytes` of database in it. */
export const makeBed = async (megabytes: number): Promise<Bed> => {
  const postgresql = await startPostgresql();
  await fill(postgresql, megabytes);
  const { host, port, user, password } = postgresql;
  const target = (name: string, settings: object, more: object = {}) => ({
    name,
    engine: 'postgresql',
    connection: { host, port, database, ...settings },
    ...more,
  });
  const targets = [
    ...Object.entries(variants).map(([name, settings]) => target(name, settings)),
    target('parted', {}, { parts: true }), // a name that is no folder of a store
  ];
  const plan = makePlanFolder(targets, { postgresql: { username: user, password } });
  const observed = { pid: postgresql.pid, bytesRead: () => bytesRead(postgresql) };
  return { ...bedOf(postgresql, plan), observed };
};
