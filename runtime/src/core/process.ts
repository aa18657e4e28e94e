import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { cpus, loadavg } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import type { RunContext } from './context.ts';
import { BackupError, messageOf, type FailureCode } from './errors.ts';

/** A program to run: argv array, never a shell string; passwords go into `env`, never into `args`. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /** Added to the variables that every program gets. */
  readonly env?: Readonly<Record<string, string>>;
  /** @default the user of this process */
  readonly user?: { readonly uid: number; readonly gid: number };
  /**
   * Started by coreutils' stdbuf: a program that writes 4 KiB at a time costs this process a buffer of 64 KiB for each.
   * @default false - most outputs are small
   */
  readonly largeWrites?: boolean;
  /** Code of the error when the program fails. */
  readonly failure: FailureCode;
}

/** What a program gets of this process's environment; the rest may hold secrets. */
const inherited = ['PATH', 'HOME', 'TMPDIR', 'TZ', 'LANG', 'SSL_CERT_FILE', 'SSL_CERT_DIR', 'PGSSLROOTCERT'];

const environment = (added: Command['env']): Record<string, string> => ({
  ...Object.fromEntries(inherited.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : []))),
  ...added,
});

/** Last characters of stderr that an error quotes. */
const stderrTail = 4096;

const keepTail = (stream: Readable): (() => string) => {
  let tail = '';
  stream.setEncoding('utf8').on('data', (text: string) => {
    tail = (tail + text).slice(-stderrTail);
  });
  return () => tail.trim();
};

/** stdbuf becomes the program, so that signals and the exit code are the program's own. */
const argvOf = ({ program, args, largeWrites }: Command): readonly [string, ...string[]] =>
  largeWrites ? ['stdbuf', '--output=256K', program, ...args] : [program, ...args];

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const start = (context: RunContext, command: Command): Child => {
  const [program, ...args] = argvOf(command);
  return spawn(program, args, {
    ...command.user,
    env: environment(command.env),
    stdio: ['pipe', 'pipe', 'pipe'],
    signal: context.signal,
    killSignal: 'SIGKILL',
  });
};

const failed = (context: RunContext, command: Command, error: unknown, stderr: string): BackupError => {
  if (context.signal.aborted)
    return new BackupError('run.interrupted', `${command.program} was stopped`, { cause: error });
  if ((error as NodeJS.ErrnoException).code === 'ENOENT')
    return new BackupError('tool.missing', `program ${argvOf(command)[0]} not found`, { cause: error });
  return new BackupError(
    command.failure,
    `${command.program} ${messageOf(error)}${stderr && `: ${stderr}`}`,
    { cause: error },
  );
};

const exit = async (child: ChildProcess): Promise<void> => {
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(signal ? `was killed by ${signal}` : `exited with ${code}`);
};

/** Programs write a few KiB at a time; what handles each piece is far cheaper for fewer of them. */
const gatherBytes = 1 << 20;

async function* gathered(stdout: Readable): AsyncGenerator<Buffer, void, undefined> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stdout as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes < gatherBytes) continue;
    yield Buffer.concat(chunks);
    [chunks, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(chunks);
}

/** The program's error wins over what its broken stream says. */
async function* output(child: Child, done: Promise<void>): AsyncGenerator<Buffer, void, undefined> {
  try {
    yield* gathered(child.stdout);
  } catch (error) {
    await done;
    throw error;
  } finally {
    if (!child.stdout.readableEnded) child.kill('SIGKILL'); // nobody reads it any more
  }
  await done;
}

/** A running program. */
export interface Running {
  /** Absent where it did not start. */
  readonly pid: number | undefined;
  readonly stdin: Writable;
  /** Ends only after the program exited with 0 and throws otherwise, so that output cut short never looks complete. */
  readonly stdout: AsyncIterable<Buffer>;
  /** Settles after the program exited and its output was read: rejected with a BackupError unless it exited with 0. */
  readonly done: Promise<void>;
  /** @default SIGKILL */
  readonly kill: (signal?: NodeJS.Signals) => void;
}

/** Starts a program; it is killed when the run is aborted. Read `stdout` to its end, or `kill`. */
export const run = (context: RunContext, command: Command): Running => {
  const child = start(context, command);
  const stderr = keepTail(child.stderr);
  child.stdin.on('error', () => {}); // EPIPE: the exit code tells why
  const done = exit(child).catch((error: unknown) => {
    throw failed(context, command, error, stderr());
  });
  // A child of an aborted program may hold them open.
  done.catch(() => [child.stdout, child.stderr].forEach((stream) => stream.destroy()));
  return {
    pid: child.pid,
    stdin: child.stdin,
    stdout: output(child, done),
    done,
    kill: (signal = 'SIGKILL') => child.kill(signal),
  };
};

const drained = async (stdin: Writable): Promise<void> => {
  const closed = new AbortController();
  const stop = (): void => closed.abort();
  stdin.once('close', stop);
  await once(stdin, 'drain', { signal: closed.signal }).catch(() => {});
  stdin.removeListener('close', stop);
};

/** Writes to a program's standard input at the pace it reads; what it does not want any more is dropped. */
export const write = async ({ stdin }: Running, chunk: Buffer): Promise<void> => {
  if (!stdin.destroyed && !stdin.write(chunk)) await drained(stdin);
};

/**
 * Writes `content` to a program's standard input and ends it. What a program that is content with less leaves is read
 * as well, so that errors at its end are seen. An error of `content` wins over the program's own, which follows from it.
 */
export const feed = async (running: Running, content: AsyncIterable<Buffer>): Promise<void> => {
  try {
    for await (const chunk of content) {
      if (running.stdin.destroyed) await running.done;
      await write(running, chunk);
    }
  } catch (error) {
    running.kill();
    throw error;
  }
  running.stdin.end();
};

/** Reads a stream to its end; for small contents. */
export const collect = async (content: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Runs a program to its end and returns what it printed; for small outputs. */
export const capture = async (context: RunContext, command: Command): Promise<string> => {
  const running = run(context, command);
  running.stdin.end();
  return (await collect(running.stdout)).toString('utf8');
};

/** Processes that want a processor, for each that the machine has; a mean of the last minute. */
const loadNow = (): number => (loadavg()[0] ?? 0) / cpus().length;

/**
 * A batch job that wakes up waits until what runs has had its turn, on every wake-up. Measured where others wanted the
 * processors all the time: a backup of 8 to 12 s instead of 4. Where they are mostly free it gained 6 %. @default half
 */
const busyLoad = 0.5;

/**
 * Makes this process, and what it starts from now on, a batch job to the kernel (SCHED_BATCH of sched(7)): it keeps its
 * share of the processors, but does not push aside what runs when it wakes up, such as the database that it dumps. On a
 * busy machine, and where chrt of util-linux is missing or a sandbox forbids it, all goes on as before.
 */
export const becomeBatch = async (context: RunContext, load = loadNow()): Promise<void> => {
  const usual = (why: string): void =>
    context.log.debug({ why, load }, 'the scheduler keeps its usual policy');
  if (load > busyLoad) return usual('the machine is busy');
  const args = ['--all-tasks', '--batch', '--pid', '0', `${process.pid}`];
  await capture(context, { program: 'chrt', args, failure: 'tool.missing' }).catch((error: unknown) =>
    usual(messageOf(error)),
  );
};
