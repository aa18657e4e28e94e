import { join } from 'node:path';
import { BackupError, isBackupError, messageOf } from '../../../core/errors.ts';
import { collect, run } from '../../../core/process.ts';
import { serverUser } from '../../scratch-server.ts';
import { withClient, type PostgresqlSource } from '../client.ts';
import { configFile, type Recovering } from './recovering.ts';

/** Any: the server has no address but its socket. */
const port = 5432;

/** The server as a database of `like`. */
export const sourceOf = ({ folder, like }: Recovering, username: string): PostgresqlSource => {
  const { tls: _, ...connection } = like.connection;
  return {
    name: like.name,
    connection: { ...connection, host: folder, port, sslMode: 'disable' },
    credentials: { username, password: '' },
  };
};

/** Sessions of the account of the plan, of which the instant may know nothing yet, else of the usual superuser. */
const candidates = ({ like }: Recovering): readonly string[] => [
  ...new Set([like.credentials.username ?? 'postgres', 'postgres']),
];

export const isUnknownRole = (error: unknown): boolean =>
  isBackupError(error, 'source.refused') &&
  /role ".*" (does not exist|is not permitted)/.test(messageOf(error));

/** A role that may do everything, as any role can tell. @throws as `connect` */
export const findSuperuser = async (recovering: Recovering): Promise<string> => {
  let last: unknown;
  for (const username of candidates(recovering))
    try {
      const source = sourceOf(recovering, username);
      return await withClient(source, 'template1', async (client) => {
        const { rows } = await client.query<{ rolname: string }>(
          'SELECT rolname FROM pg_roles WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1',
        );
        return rows[0]?.rolname ?? username;
      });
    } catch (error) {
      if (!isUnknownRole(error)) throw error;
      last = error;
    }
  throw last;
};

const superuserSql =
  'SELECT rolname FROM pg_catalog.pg_authid WHERE rolsuper AND rolcanlogin ORDER BY oid LIMIT 1\n';

/** Name of a superuser in a data folder that no server runs on. @throws BackupError restore.failed */
export const superuserOf = async ({ context, programs, folder, data }: Recovering): Promise<string> => {
  const single = run(context, {
    program: join(programs, 'postgres'),
    args: ['--single', '-D', data, '-c', `config_file=${configFile(folder)}`, 'template1'],
    env: { LC_ALL: 'C' },
    ...serverUser,
    failure: 'restore.failed',
  });
  single.stdin.end(superuserSql);
  const text = (await collect(single.stdout)).toString('utf8');
  const name = /: rolname = "(.*)"\t\(typeid/.exec(text)?.[1];
  if (name === undefined) throw new BackupError('restore.failed', 'the recovered server has no superuser');
  return name;
};
