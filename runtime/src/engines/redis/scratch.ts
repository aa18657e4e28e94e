import type { RunContext } from '../../core/context.ts';
import { isBackupError } from '../../core/errors.ts';
import { capture } from '../../core/process.ts';
import type { ScratchServer, ServerInfo } from '../engine.ts';
import { freePort, removeFolder, serverFolder, startScratch } from '../scratch-server.ts';
import { connect } from './client.ts';
import type { RedisConnection } from './connection.ts';

const program = 'redis-server';

/** `Redis server v=7.0.15 sha=…` */
const installedVersion = (context: RunContext): Promise<string | undefined> =>
  capture(context, { program, args: ['--version'], failure: 'restore.failed' }).then(
    (text) => /v=(\S+)/.exec(text)?.[1],
    (error: unknown) => {
      if (isBackupError(error, 'tool.missing')) return undefined;
      throw error;
    },
  );

/** Major and minor as one number that grows. */
export const release = (version: string): number => {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major * 1000 + minor;
};

/** Loopback only, nothing on disk but what replication needs. */
const configuration = (port: number, folder: string, password: string): string =>
  [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir "${folder}"`,
    'save ""',
    'appendonly no',
    'repl-diskless-sync-delay 0',
    `requirepass ${password}`,
  ].join('\n');

/** An empty server, where the installed one is not older than the archive's. */
export const scratch = async (
  context: RunContext,
  { version }: ServerInfo,
): Promise<ScratchServer<RedisConnection> | undefined> => {
  const installed = await installedVersion(context);
  if (installed === undefined || release(installed) < release(version)) return undefined;
  const folder = await serverFolder(context);
  try {
    const port = await freePort();
    const password = context.randomBytes(24).toString('hex');
    const source = { name: 'scratch', connection: { host: '127.0.0.1', port }, credentials: { password } };
    const command = { program, args: ['-'], input: configuration(port, folder, password) };
    const stop = await startScratch(context, command, 'SIGTERM', async () =>
      (await connect(context, source)).close(),
    );
    return { source, stop: () => stop().finally(() => removeFolder(folder)) };
  } catch (error) {
    await removeFolder(folder);
    throw error;
  }
};
