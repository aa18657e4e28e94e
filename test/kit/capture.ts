import { spawn } from 'node:child_process';
import { once } from 'node:events';

export interface CaptureOptions {
  /** Added to the environment of this process. */
  readonly env?: Readonly<Record<string, string>>;
  /** Text for its standard input. */
  readonly input?: string | Buffer;
  readonly uid?: number;
  readonly gid?: number;
}

/** Runs a program of a test to its end and returns the bytes it printed. @throws Error with its stderr on failure. */
export const captureBytes = async (
  program: string,
  args: readonly string[],
  options: CaptureOptions = {},
): Promise<Buffer> => {
  const { env, input, ...user } = options;
  const child = spawn(program, args, { ...user, cwd: '/', env: { ...process.env, ...env } });
  const output: Buffer[] = [];
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => output.push(chunk));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  child.stdin.on('error', () => {}); // EPIPE: the exit code tells why
  child.stdin.end(input ?? '');
  const [code, signal] = (await once(child, 'close')) as [number | null, string | null];
  if (code !== 0) throw new Error(`${program} ended with ${code ?? signal}: ${stderr}`);
  return Buffer.concat(output);
};

/** As `captureBytes`, decoded, without the last line break. */
export const captureText = async (
  program: string,
  args: readonly string[],
  options?: CaptureOptions,
): Promise<string> => (await captureBytes(program, args, options)).toString('utf8').trimEnd();
