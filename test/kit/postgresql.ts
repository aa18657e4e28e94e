import { randomBytes } from 'node:crypto';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { captureText } from './capture.ts';
import {
  freePort,
  removeFolder,
  startServer,
  unprivileged,
  workFolder,
  type PrivateServer,
} from './private-server.ts';

const root = '/usr/lib/postgresql';
const majors = existsSync(root) ? readdirSync(root).toSorted((a, b) => Number(a) - Number(b)) : [];

/** Programs of PostgreSQL 15, or of the newest one there is. Called directly: the wrappers in /usr/bin are Perl and slow. */
export const binDir = join(root, majors.includes('15') ? '15' : (majors.at(-1) ?? '15'), 'bin');

const user = 'postgres';
const host = '127.0.0.1';

export interface PostgresqlOptions {
  /** Data folder, kept when the server stops; initialized when empty. @default a new one, removed at the end */
  readonly data?: string;
  /** Programs of the server and its clients. @default `binDir` */
  readonly programs?: string;
  /** Superuser's password; must be given again for a data folder that was initialized before. @default random */
  readonly password?: string;
  /** More arguments of initdb, where the data folder is initialized. @default none */
  readonly initdb?: readonly string[];
  /** Settings as in postgresql.conf. */
  readonly settings?: Readonly<Record<string, string>>;
}

export interface TestPostgresql extends PrivateServer {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly binDir: string;
  /** Where its socket is. */
  readonly socketFolder: string;
  /** Runs SQL as the superuser; rows as lines, columns separated by `|`. */
  readonly psql: (database: string, sql: string) => Promise<string>;
}

const initialize = async (
  programs: string,
  data: string,
  password: string,
  folder: string,
  more: readonly string[] = [],
): Promise<void> => {
  const file = join(folder, 'password');
  writeFileSync(file, password, { mode: 0o644 });
  const args = [
    '-D',
    data,
    '-U',
    user,
    '-A',
    'scram-sha-256',
    `--pwfile=${file}`,
    '-N',
    '-E',
    'UTF8',
    '--locale=C.UTF-8',
    ...more,
  ];
  await captureText(join(programs, 'initdb'), args, unprivileged);
  await rm(file);
};

/** Starts a private PostgreSQL (15 where it is installed) on loopback, as a non-root user, without fsync. */
export const startPostgresql = async (options: PostgresqlOptions = {}): Promise<TestPostgresql> => {
  const folder = workFolder('pg');
  const programs = options.programs ?? binDir;
  const data = options.data ?? join(folder, 'data');
  const password = options.password ?? randomBytes(12).toString('hex');
  if (!existsSync(join(data, 'PG_VERSION')))
    await initialize(programs, data, password, folder, options.initdb);
  const port = await freePort();
  const env = { PGPASSWORD: password, PGCONNECT_TIMEOUT: '5' };
  const psql = (database: string, sql: string): Promise<string> =>
    captureText(
      join(programs, 'psql'),
      ['-h', host, '-p', `${port}`, '-U', user, '-d', database, '-XqAt', '-v', 'ON_ERROR_STOP=1', '-f', '-'],
      { env, input: sql },
    );
  const settings = { fsync: 'off', full_page_writes: 'off', ...options.settings };
  const server = await startServer({
    program: join(programs, 'postgres'),
    args: [
      '-D',
      data,
      '-h',
      host,
      '-p',
      `${port}`,
      '-k',
      folder,
      ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]),
    ],
    ready: () => psql('postgres', 'SELECT 1'),
    stopSignal: 'SIGINT', // fast shutdown: does not wait for clients
  });
  return {
    ...server,
    host,
    port,
    user,
    password,
    psql,
    binDir: programs,
    socketFolder: folder,
    stop: async () => {
      await server.stop();
      await removeFolder(folder);
    },
  };
};
