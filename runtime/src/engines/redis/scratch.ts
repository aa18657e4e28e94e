import type { RunContext } from '../../core/context.ts';
import { isBackupError } from '../../core/errors.ts';
import { capture } from '../../core/process.ts';
import type { ScratchNeeds, ScratchServer, ServerInfo } from '../engine.ts';
import { freePort, inServerFolder, startScratch } from '../scratch-server.ts';
import { connect } from './client.ts';
import type { RedisConnection } from './connection.ts';
import { databasesIn } from './preview.ts';
import { formatOf, loads } from './versions.ts';

/** Servers that the job image may have, and their products. */
const programs = { 'redis-server': 'Redis', 'valkey-server': 'Valkey' } as const;
type Program = keyof typeof programs;

/** `Redis server v=7.0.15 sha=…` */
const installedVersion = (context: RunContext, program: Program): Promise<string | undefined> =>
  capture(context, { program, args: ['--version'], failure: 'restore.failed' }).then(
    (text) => /v=(\S+)/.exec(text)?.[1],
    (error: unknown) => {
      if (isBackupError(error, 'tool.missing')) return undefined;
      throw error;
    },
  );

/** An installed server that loads what `server` writes. */
const programFor = async (context: RunContext, server: ServerInfo): Promise<Program | undefined> => {
  for (const [program, product] of Object.entries(programs) as readonly [Program, string][]) {
    const version = await installedVersion(context, program);
    if (version !== undefined && loads({ product, version }, formatOf(server))) return program;
  }
  return undefined;
};

/** As redis.conf has it; an archive of more gets more. */
const usualDatabases = 16;

/** Loopback only, nothing on disk but what replication needs. */
const configuration = (port: number, folder: string, password: string, databases: number): string =>
  [
    'bind 127.0.0.1',
    `port ${port}`,
    `dir "${folder}"`,
    'save ""',
    'appendonly no',
    'repl-diskless-sync-delay 0',
    `requirepass ${password}`,
    `databases ${Math.max(databases, usualDatabases)}`,
  ].join('\n');

/** An empty server with databases enough, of a program that reads the RDB of `server`. */
export const scratch = async (
  context: RunContext,
  server: ServerInfo,
  needs?: Pick<ScratchNeeds, 'fingerprint'>,
): Promise<ScratchServer<RedisConnection> | undefined> => {
  const program = await programFor(context, server);
  if (!program) return undefined;
  return inServerFolder(context, async (folder) => {
    const port = await freePort();
    const password = context.randomBytes(24).toString('hex');
    const source = { name: 'scratch', connection: { host: '127.0.0.1', port }, credentials: { password } };
    const input = configuration(port, folder, password, databasesIn(needs?.fingerprint ?? {}));
    const command = { program, args: ['-'], input, folder, stopSignal: 'SIGTERM' } as const;
    const stop = await startScratch(context, command, async () => (await connect(context, source)).close());
    return { source, stop };
  });
};
