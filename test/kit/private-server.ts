import { spawn, type ChildProcess } from 'node:child_process';
import { chownSync, mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** Debian's `nobody`: database servers refuse to run as root. */
const nobody = 65_534;

/** Spawn options that make a program run as a non-root user. */
export const unprivileged = process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {};

/** A port that was free a moment ago, on loopback. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
};

/** A new folder that the non-root user owns. */
export const workFolder = (name: string): string => {
  const folder = mkdtempSync(join(tmpdir(), `grill-${name}-`));
  if (process.getuid?.() === 0) chownSync(folder, nobody, nobody);
  return folder;
};

export const removeFolder = (folder: string): Promise<void> => rm(folder, { recursive: true, force: true });

/** A server process of a test or of the demo, on loopback, stopped at the latest when this process exits. */
export interface PrivateServer {
  readonly pid: number;
  readonly stop: () => Promise<void>;
}

export interface ServerCommand {
  readonly program: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Polled until it does not reject. */
  readonly ready: () => Promise<unknown>;
  /** @default SIGTERM */
  readonly stopSignal?: NodeJS.Signals;
}

const startDeadlineMs = 60_000;
const stopDeadlineMs = 10_000;

const untilReady = async (
  child: ChildProcess,
  command: ServerCommand,
  output: () => string,
): Promise<void> => {
  const deadline = Date.now() + startDeadlineMs;
  for (;;) {
    if (child.exitCode !== null)
      throw new Error(`${command.program} exited with ${child.exitCode}: ${output()}`);
    try {
      await command.ready();
      return;
    } catch (error) {
      if (Date.now() > deadline)
        throw new Error(`${command.program} did not start: ${output()}`, { cause: error });
      await sleep(50);
    }
  }
};

const stop = async (child: ChildProcess, signal: NodeJS.Signals): Promise<void> => {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const closed = once(child, 'exit');
  child.kill(signal);
  const timer = setTimeout(() => child.kill('SIGKILL'), stopDeadlineMs);
  await closed;
  clearTimeout(timer);
};

/** Starts a server as a non-root user and waits until it answers. */
export const startServer = async (command: ServerCommand): Promise<PrivateServer> => {
  let tail = '';
  const child = spawn(command.program, command.args, {
    ...unprivileged,
    cwd: command.cwd ?? '/',
    env: { ...process.env, ...command.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const failed = once(child, 'error').then(([error]) => Promise.reject(error as Error));
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (tail = (tail + text).slice(-4000)));
  const killAtExit = () => child.kill('SIGKILL');
  process.once('exit', killAtExit);
  const signal = command.stopSignal ?? 'SIGTERM';
  try {
    await Promise.race([untilReady(child, command, () => tail), failed]);
  } catch (error) {
    await stop(child, 'SIGKILL');
    throw error;
  }
  return {
    pid: child.pid!,
    stop: async () => {
      process.removeListener('exit', killAtExit);
      await stop(child, signal);
    },
  };
};
