import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../core/context.ts';
import { capture } from '../../core/process.ts';
import type { ScratchNeeds, ScratchServer, ServerInfo } from '../engine.ts';
import { freePort, inServerFolder, serverUser, startScratch } from '../scratch-server.ts';
import { withClient } from './client.ts';
import type { PostgresqlConnection } from './connection.ts';
import { readHead } from './head.ts';
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

/** More than a restore with jobs has; each one more costs shared memory. */
const connections = 50;

/** PostgreSQL's own, for archives that need no more. */
const usualLocks = 64;

/**
 * pg_dump, which prints what was restored so that its content can be hashed, locks every table until its end. Each entry of the
 * table of contents is one relation at most, and may bring a TOAST table and its index, or a sequence: three locks. The lock table
 * holds max_locks_per_transaction × max_connections (runtime-config-locks of the manual).
 */
const locksFor = async (context: RunContext, needs: ScratchNeeds | undefined): Promise<number> => {
  if (!needs) return usualLocks;
  const { list } = await readHead(context, needs.open());
  const entries = list.split('\n').filter((line) => /^\d/.test(line)).length;
  return Math.max(usualLocks, Math.ceil((3 * entries) / connections));
};

/** Arguments of the server that set its port and limits. */
const settingsOf = (port: number, locks: number): readonly string[] =>
  Object.entries({
    ...settings,
    port: `${port}`,
    max_connections: `${connections}`,
    max_locks_per_transaction: `${locks}`,
  }).flatMap(([name, value]) => ['-c', `${name}=${value}`]);

/** An empty server of the archive's major version; its database `scratch` comes with the restore. */
export const scratch = async (
  context: RunContext,
  { version }: ServerInfo,
  needs?: ScratchNeeds,
): Promise<ScratchServer<PostgresqlConnection> | undefined> => {
  const programs = await serverPrograms(context, majorOf(version));
  if (programs === undefined) return undefined;
  const locks = await locksFor(context, needs);
  const start = async (folder: string): Promise<ScratchServer<PostgresqlConnection>> => {
    const password = context.randomBytes(24).toString('hex');
    const data = await initialize(context, programs, folder, password);
    const port = await freePort();
    const source = {
      name: 'scratch',
      connection: { host: '127.0.0.1', port, database: 'scratch', sslMode: 'disable' as const },
      credentials: { username: superuser, password },
    };
    const command = {
      program: join(programs, 'postgres'),
      args: ['-D', data, ...settingsOf(port, locks)],
      folder,
      stopSignal: 'SIGINT' as const, // a fast shutdown
    };
    const stop = await startScratch(context, command, () => withClient(source, 'postgres', async () => {}));
    return { source, stop };
  };
  return inServerFolder(context, start, needs?.sourceBytes);
};
