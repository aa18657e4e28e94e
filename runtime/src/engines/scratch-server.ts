import { chown, mkdtemp, rm } from 'node:fs/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../core/context.ts';
import { BackupError, messageOf } from '../core/errors.ts';
import { collect, run, type Command } from '../core/process.ts';

/** Debian's `nobody`: database servers refuse to run as root. */
const nobody = { uid: 65_534, gid: 65_534 };

/** Who runs a scratch server: this user, or nobody where this is root. */
export const serverUser = process.getuid?.() === 0 ? { user: nobody } : {};

/** A port that was free on loopback a moment ago. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** A new folder for a scratch server; below the system's own when root, since nobody cannot reach into root's. */
export const serverFolder = async (context: RunContext): Promise<string> => {
  const folder = await mkdtemp(join('user' in serverUser ? tmpdir() : context.scratchDir, 'scratch-'));
  if ('user' in serverUser) await chown(folder, nobody.uid, nobody.gid);
  return folder;
};

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

const startDeadlineMs = 60_000;
const pollMs = 50;

/** Starts a server, waits until `ready` does not throw, and resolves to what stops it. @throws BackupError `restore.failed` */
export const startScratch = async (
  context: RunContext,
  command: Pick<Command, 'program' | 'args' | 'env'> & { readonly input?: string },
  stopSignal: NodeJS.Signals,
  ready: () => Promise<unknown>,
): Promise<() => Promise<void>> => {
  const { input = '', ...rest } = command;
  const running = run(context, { ...rest, ...serverUser, failure: 'restore.failed' });
  running.stdin.end(input);
  const ended = collect(running.stdout);
  let failure: unknown;
  ended.catch((error: unknown) => (failure = error));
  const deadline = Date.now() + startDeadlineMs;
  for (;;) {
    if (failure !== undefined) throw failure;
    try {
      await ready();
      break;
    } catch (error) {
      if (Date.now() > deadline) {
        running.kill();
        throw new BackupError('restore.failed', `the scratch server did not start: ${messageOf(error)}`, {
          cause: error,
        });
      }
      await sleep(pollMs);
    }
  }
  return async () => {
    running.kill(stopSignal);
    await ended.catch(() => {});
  };
};
