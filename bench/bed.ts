import { mkdirSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { readings, schema } from '../demo/data/postgresql.ts';
import { startPostgresql, type TestPostgresql } from '../test/kit/postgresql.ts';
import { removeFolder, workFolder } from '../test/kit/private-server.ts';

const root = join(import.meta.dirname, '..');
export const passphrase = 'a passphrase for benchmarks only';
export const database = 'grillstats';

/** A filled server, a plan for it, and what a user's shell needs to reach it. */
export interface Bed {
  readonly postgresql: TestPostgresql;
  readonly folder: string;
  readonly env: Readonly<Record<string, string>>;
  readonly stop: () => Promise<void>;
}

/** Rows of readings that take one megabyte of database, with their two indexes. */
const rowsPerMegabyte = 7_800;

const fill = async (postgresql: TestPostgresql, megabytes: number): Promise<void> => {
  await postgresql.psql('postgres', `create database ${database}`);
  await postgresql.psql(database, schema);
  await postgresql.psql(database, readings(megabytes * rowsPerMegabyte));
  await postgresql.psql(database, 'vacuum analyze');
};

const planFor = (postgresql: TestPostgresql, folder: string) => ({
  environment: 'bench',
  encryption: { secret: 'encryption' },
  stores: { directory: { path: join(folder, 'backup') } },
  targets: [
    {
      name: 'postgresql',
      engine: 'postgresql',
      connection: { host: postgresql.host, port: postgresql.port, database },
      secret: { name: 'postgresql' },
      schedule: '0 2 * * *',
    },
  ],
  verification: { schedule: '0 6 * * *' },
});

const writeSecrets = (postgresql: TestPostgresql, folder: string): void => {
  const values = {
    encryption: { 'encryption-key': passphrase },
    postgresql: { username: postgresql.user, password: postgresql.password },
  };
  for (const [secret, keys] of Object.entries(values)) {
    mkdirSync(join(folder, 'secrets', secret), { recursive: true });
    for (const [key, value] of Object.entries(keys))
      writeFileSync(join(folder, 'secrets', secret, key), value);
  }
};

/** Starts a private PostgreSQL with about `megabytes` of dump in it. */
export const makeBed = async (megabytes: number): Promise<Bed> => {
  const postgresql = await startPostgresql();
  const folder = workFolder('bench');
  await fill(postgresql, megabytes);
  mkdirSync(join(folder, 'backup'));
  writeSecrets(postgresql, folder);
  writeFileSync(join(folder, 'plan.json'), JSON.stringify(planFor(postgresql, folder)));
  const env = {
    PATH: [
      join(root, 'runtime/bin'),
      join(root, 'node_modules/.bin'),
      postgresql.binDir,
      process.env['PATH'],
    ].join(delimiter),
    PGHOST: postgresql.host,
    PGPORT: String(postgresql.port),
    PGUSER: postgresql.user,
    PGPASSWORD: postgresql.password,
    PASSPHRASE: passphrase,
    GRILL_BACKUP_PLAN: join(folder, 'plan.json'),
    GRILL_BACKUP_SECRETS: join(folder, 'secrets'),
    LOG_LEVEL: 'ERROR',
  };
  return {
    postgresql,
    folder,
    env,
    stop: async () => {
      await postgresql.stop();
      await removeFolder(folder);
    },
  };
};
