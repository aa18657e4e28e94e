import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { PassThrough, type Readable, type Writable } from 'node:stream';
import type { RunContext } from './context.ts';
import { BackupError, type FailureCode } from './errors.ts';

/** A program to run: argv array, never a shell string; passwords go into `env`, never into `args`. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Code of the error when the program fails. */
  readonly failure: FailureCode;
}

/** Last bytes of stderr that an error quotes. */
const stderrTailBytes = 4096;

const keepTail = (stream: Readable): (() => string) => {
  let tail = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-stderrTailBytes);
  });
  return () => tail.trim();
};

const start = (run: RunContext, command: Command): ChildProcess =>
  spawn(command.program, command.args, {
    env: { ...process.env, ...command.env },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: run.signal,
    killSignal: 'SIGKILL',
  });

const failed = (run: RunContext, command: Command, error: unknown, stderr: string): BackupError => {
  if (run.signal.aborted) return new BackupError('run.interrupted', `${command.program} was stopped`, { cause: error });
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new BackupError('tool.missing', `program ${command.program} not found`, { cause: error });
  const reason = error instanceof Error ? error.message : String(error);
  return new BackupError(command.failure, `${command.program} ${reason}${stderr ? `: ${stderr}` : ''}`);
};

const exit = async (child: ChildProcess): Promise<void> => {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(signal ? `was killed by ${signal}` : `exited with ${code}`);
};

/** A running program. `done` settles after it exited: rejected with a BackupError unless it exited with 0. */
export interface Running {
  readonly stdin: Writable;
  readonly stdout: Readable;
  readonly done: Promise<void>;
  readonly kill: () => void;
}

/**
 * Starts a program. `stdout` ends only after the program exited with 0 and is destroyed with the error otherwise,
 * so that a dump cut short never looks complete.
 */
export const run = (context: RunContext, command: Command): Running => {
  const child = start(context, command);
  const stderr = keepTail(child.stderr!);
  const stdout = new PassThrough({ highWaterMark: 1 << 20 });
  child.stdout!.pipe(stdout, { end: false });
  child.stdin!.on('error', () => {}); // EPIPE: the exit code tells why
  const done = exit(child).catch((error: unknown) => {
    throw failed(context, command, error, stderr());
  });
  done.then(
    () => stdout.end(),
    (error: Error) => stdout.destroy(error),
  );
  stdout.on('error', () => {}); // reported through `done` as well
  stdout.on('close', () => child.exitCode === null && child.kill('SIGKILL'));
  return { stdin: child.stdin!, stdout, done, kill: () => child.kill('SIGKILL') };
};

/** Runs a program to its end and returns what it printed; for small outputs. */
export const capture = async (context: RunContext, command: Command): Promise<string> => {
  const running = run(context, command);
  running.stdin.end();
  const chunks: Buffer[] = [];
  running.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  await running.done;
  return Buffer.concat(chunks).toString('utf8');
};
