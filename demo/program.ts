import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ProgramOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
  readonly gid?: number;
  readonly signal: AbortSignal;
}

export interface Output {
  readonly stdout: string;
  readonly stderr: string;
}

/** Bytes of stderr that an error quotes. */
const quoted = 4000;

/** Runs a program to its end, with exactly the environment given. @throws Error with its stderr unless it exits with 0 */
export const runProgram = async (argv: readonly string[], options: ProgramOptions): Promise<Output> => {
  const [program, ...args] = argv;
  const child = spawn(program!, args, { ...options, cwd: '/', stdio: ['ignore', 'pipe', 'pipe'] });
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output.stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output.stderr += text));
  const [code, killedBy] = (await once(child, 'close')) as [number | null, string | null];
  if (code === 0) return output;
  throw new Error(
    `${argv.join(' ')} ended with ${code ?? killedBy}:\n${(output.stdout + output.stderr).slice(-quoted)}`,
  );
};
