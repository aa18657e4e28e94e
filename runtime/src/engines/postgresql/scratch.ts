import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../core/context.ts';
import { capture } from '../../core/process.ts';
import type { ScratchServer, ServerInfo } from '../engine.ts';
import { freePort, removeFolder, serverFolder, serverUser, startScratch } from '../scratch-server.ts';
import { withClient } from './client.ts';
import type { PostgresqlConnection } from './connection.ts';
import { majorOf, serverPrograms } from './tools.ts';

const superuser = 'postgres';

const initialize = async (
  context: RunContext,
  programs: string,
  folder: string,
  password: string,
): Promise<string> => {
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  await writeFile(passwordFile, password, { mode: 0o644 }); // the folder itself is closed to others
  await capture(context, {
    program: join(programs, 'initdb'),
    args: [
      '-D',
      data,
      '-U',
      superuser,
      '-A',
      'scram-sha-256',
      `--pwfile=${passwordFile}`,
      '-N',
      '-E',
      'UTF8',
      '--locale=C',
    ],
    ...serverUser,
    failure: 'restore.failed',
  });
  return data;
};

/** A server for data that is thrown away: loopback only, and no care for crashes. */
const settings = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  fsync: 'off',
  full_page_writes: 'off',
};

/** An empty server of the archive's major version; its database `scratch` comes with the restore. */
export const scratch = async (
  context: RunContext,
  { version }: ServerInfo,
): Promise<ScratchServer<PostgresqlConnection> | undefined> => {
  const programs = serverPrograms(majorOf(version));
  if (programs === undefined) return undefined;
  const folder = await serverFolder(context);
  try {
    const password = context.randomBytes(24).toString('hex');
    const data = await initialize(context, programs, folder, password);
    const port = await freePort();
    const source = {
      name: 'scratch',
      connection: { host: '127.0.0.1', port, database: 'scratch', sslMode: 'disable' as const },
      credentials: { username: superuser, password },
    };
    const values = Object.entries({ ...settings, port: `${port}` }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const command = { program: join(programs, 'postgres'), args: ['-D', data, ...values] };
    const stop = await startScratch(context, command, 'SIGINT', () =>
      withClient(source, 'postgres', async () => {}),
    ); // SIGINT: fast shutdown
    return { source, stop: () => stop().finally(() => removeFolder(folder)) };
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
};
