import { spawn, type ChildProcess, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { once } from 'node:events';
import { mustExist } from '../runtime/src/core/must-exist.ts';

export interface ProgramOptions {
  /** All of the program's environment. @default that of this process */
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  /** Ends the program. */
  readonly signal: AbortSignal;
  /** By which signal. @default SIGTERM */
  readonly endWith?: 'SIGTERM' | 'SIGKILL' | undefined;
  /** Gets what it prints, as it prints it. @default nobody looks until it has ended */
  readonly follow?: ((text: string) => void) | undefined;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Lines of output that an error quotes, and characters of each. */
const quoted = { lines: 12, characters: 600 };

const ended = async (
  child: ChildProcess,
  { signal, endWith }: Pick<ProgramOptions, 'signal' | 'endWith'>,
): Promise<number | string> => {
  const terminate = () => child.kill(endWith);
  signal.addEventListener('abort', terminate);
  try {
    const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null];
    return code ?? mustExist(killedBy, 'signal');
  } finally {
    signal.removeEventListener('abort', terminate);
    signal.throwIfAborted();
  }
};

/** Runs a program to its end. @throws Error with what it printed, unless it exits with 0 */
export const runProgram = async (argv: readonly string[], options: ProgramOptions): Promise<Output> =>
  mustExist((await runPipeline([argv], options))[0], 'output');

/** Runs programs joined by pipes, and waits for all. @throws Error with the output of those that failed */
export const runPipeline = async (
  argvs: readonly (readonly string[])[],
  options: ProgramOptions,
): Promise<readonly Output[]> => {
  const { signal, endWith, follow, ...rest } = options;
  signal.throwIfAborted();
  const children = argvs.map(([program = '', ...args]) => spawn(program, args, { ...rest, cwd: '/' }));
  const outputs = children.map((child, index) => collect(child, children[index + 1]));
  if (follow)
    for (const { stdout, stderr } of children)
      for (const stream of [stdout, stderr]) stream.on('data', follow);
  const codes = await Promise.all(children.map((child) => ended(child, { signal, endWith })));
  const failed = codes.flatMap((code, index) =>
    code === 0
      ? []
      : [`${argvs[index]?.join(' ')} ended with ${code}:\n${tail(mustExist(outputs[index], 'output'))}`],
  );
  if (failed.length > 0) throw new Error(failed.join('\n'));
  return outputs;
};

const tail = ({ stdout, stderr }: Output): string =>
  (stdout + stderr)
    .trimEnd()
    .split('\n')
    .slice(-quoted.lines)
    .map((line) => line.slice(0, quoted.characters))
    .join('\n');

/** With all three streams piped, as spawn does where nothing else is said. */
const collect = (
  child: ChildProcessWithoutNullStreams,
  next: ChildProcessWithoutNullStreams | undefined,
): Output => {
  const output = { stdout: '', stderr: '' };
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  if (next)
    child.stdout.pipe(next.stdin).on('error', () => {}); // EPIPE: the exit code tells why
  else child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  return output;
};
