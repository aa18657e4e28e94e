import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mustExist } from '../runtime/src/core/must-exist.ts';

/** One way to do a job: a program, or a shell pipeline as a user would type it. */
export interface Contender {
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Clears what a run before left; not measured. */
  readonly before?: () => unknown;
  /** Bytes that the job left, read after each run. */
  readonly bytes?: () => number;
}

export interface Measured {
  readonly seconds: number;
  /** Largest resident set of any one of its processes, in bytes. */
  readonly peakBytes: number;
  readonly bytes: number | undefined;
}

const sampleMs = 100;

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // the process is gone
  }
};

const groupOf = (pid: string): number =>
  Number(
    read(`/proc/${pid}/stat`)
      .replace(/^.*\) /s, '')
      .split(' ')[2],
  );

/** High-water mark of a process, kept by the kernel. */
const peakOf = (pid: string): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

const peakOfGroup = (group: number): number =>
  Math.max(
    0,
    ...readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && groupOf(name) === group)
      .map(peakOf),
  );

/** Runs a contender once, in a process group of its own. */
export const measure = async (contender: Contender): Promise<Measured> => {
  const {
    argv: [program, ...args],
    env,
    before,
    bytes,
  } = contender;
  await before?.();
  const begun = performance.now();
  const child = spawn(mustExist(program, 'program'), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  let peakBytes = 0;
  const timer = setInterval(() => (peakBytes = Math.max(peakBytes, peakOfGroup(child.pid ?? 0))), sampleMs);
  const [code] = (await once(child, 'close')) as [number];
  clearInterval(timer);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${code}`);
  return { seconds: (performance.now() - begun) / 1000, peakBytes, bytes: bytes?.() };
};
