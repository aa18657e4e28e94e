import { chown, statfs } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../core/context.ts';
import { BackupError, messageOf } from '../core/errors.ts';
import { collect, run, type Command } from '../core/process.ts';
import { formatBytes } from '../core/units.ts';
import type { ScratchServer } from './engine.ts';
import { makeFolder, noteServer, orRemoved, removeFolder } from './scratch-folder.ts';

/** Debian's `nobody`: database servers refuse to run as root. */
const nobody = { uid: 65_534, gid: 65_534 };

/** Who runs a scratch server: this user, or nobody where this is root. */
export const serverUser: { readonly user?: { readonly uid: number; readonly gid: number } } =
  process.getuid?.() === 0 ? { user: nobody } : {};

/** A port that was free on loopback a moment ago. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

const parentOf = (context: RunContext): string => ('user' in serverUser ? tmpdir() : context.scratchDir);

/** A new folder for a scratch server; below the system's own when root, since nobody cannot reach into root's. */
const serverFolder = async (context: RunContext, dataBytes: number): Promise<string> => {
  const parent = parentOf(context);
  const { bavail, bsize } = await statfs(parent);
  if (bavail * bsize < dataBytes)
    throw new BackupError(
      'drill.unavailable',
      `a scratch server for ${formatBytes(dataBytes)} does not fit in ${parent}, which has ${formatBytes(bavail * bsize)} free`,
    );
  return makeFolder(context, 'scratch-', parent);
};

/**
 * Starts a scratch server in a new folder, which goes with it, and where its start fails.
 * @param dataBytes what the server is going to hold. @default 0 - not known, so that any disk is large enough
 * @throws BackupError `drill.unavailable` where the data does not fit
 */
export const inServerFolder = async <Connection>(
  context: RunContext,
  start: (folder: string) => Promise<ScratchServer<Connection>>,
  dataBytes = 0,
): Promise<ScratchServer<Connection>> => {
  const folder = await serverFolder(context, dataBytes);
  const { source, stop } = await orRemoved(folder, async () => {
    if ('user' in serverUser) await chown(folder, nobody.uid, nobody.gid);
    return start(folder);
  });
  return { source, stop: () => stop().finally(() => removeFolder(folder)) };
};

/** Does something in a new folder for a scratch server, which goes with it. @throws BackupError as `inServerFolder` */
export const withServerFolder = async <Result>(
  context: RunContext,
  use: (folder: string) => Promise<Result>,
  dataBytes: number,
): Promise<Result> => {
  const folder = await serverFolder(context, dataBytes);
  try {
    if ('user' in serverUser) await chown(folder, nobody.uid, nobody.gid);
    return await use(folder);
  } finally {
    await removeFolder(folder);
  }
};

/** A scratch server to start. */
export interface ScratchCommand extends Pick<Command, 'program' | 'args' | 'env'> {
  /** Of `inServerFolder`. */
  readonly folder: string;
  readonly input?: string;
  /** Longest start. @default 60 s */
  readonly startMs?: number;
  /** Ends it without waiting for its clients. */
  readonly stopSignal: 'SIGTERM' | 'SIGINT';
}

const usualStartMs = 60_000;
const pollMs = 50;

/** @throws what `ended` is rejected with, where the server ends before it is ready; BackupError `restore.failed` */
const untilReady = async (
  ended: Promise<unknown>,
  ready: () => Promise<unknown>,
  startMs: number,
): Promise<void> => {
  const early: { failure?: Error } = {};
  ended.catch((error: Error) => (early.failure = error));
  for (const deadline = Date.now() + startMs; ; await sleep(pollMs)) {
    if (early.failure) throw early.failure;
    try {
      await ready();
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new BackupError('restore.failed', `the scratch server did not start: ${messageOf(error)}`, {
          cause: error,
        });
    }
  }
};

/**
 * Starts a server, waits until `ready` does not throw, sets it up, and resolves to what stops it. Whatever fails, no server
 * is left. @throws BackupError `restore.failed`
 */
export const startScratch = async (
  context: RunContext,
  { folder, input = '', startMs = usualStartMs, stopSignal, ...command }: ScratchCommand,
  ready: () => Promise<unknown>,
  setUp: () => Promise<unknown> = () => Promise.resolve(),
): Promise<() => Promise<void>> => {
  const running = run(context, { ...command, ...serverUser, failure: 'restore.failed' });
  running.stdin.end(input);
  const ended = collect(running.stdout);
  const stop = async (signal: NodeJS.Signals): Promise<void> => {
    running.kill(signal);
    await ended.catch(() => {});
  };
  try {
    if (running.pid !== undefined) await noteServer(folder, running.pid, stopSignal);
    await untilReady(ended, ready, startMs);
    await setUp();
  } catch (error) {
    await stop('SIGKILL');
    throw error;
  }
  return () => stop(stopSignal);
};
