import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { availableParallelism } from 'node:os';
import { mustExist } from '../../runtime/src/core/must-exist.ts';
import {
  cpuSecondsOfEnded,
  cpuSecondsOfTree,
  loopbackBytes,
  machineSeconds,
  peakOfTree,
} from './processes.ts';

/** One way to do a job: a program, or a shell pipeline as a user would type it. */
export interface Contender {
  /** What is measured, as a reader would type it. */
  readonly name: string;
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Clears what a run before left; not measured. */
  readonly before?: () => unknown;
  /** Bytes that the job left, read after each run. */
  readonly bytes?: () => number;
  /** More figures of a run, each a column of its own under its name, such as requests; read after each run. */
  readonly figures?: () => Readonly<Record<string, number>>;
}

/** A server that contenders work on. */
export interface Observed {
  readonly pid: number;
  /** Bytes of data that it has read up to now for whoever asked, cached or not. @default it does not tell */
  readonly bytesRead?: () => Promise<number>;
}

/** One run; what cannot be told is undefined. */
export interface Measured {
  readonly seconds: number;
  /** CPU seconds of the contender's processes. */
  readonly cpuSeconds: number;
  /** CPU seconds of the servers, all their processes together. */
  readonly serverCpuSeconds: number | undefined;
  readonly serverBytesRead: number | undefined;
  /** Bytes between contender and servers, both ways. */
  readonly networkBytes: number | undefined;
  /** Largest resident set of any one of its processes, in bytes; unknown where it ended before it was looked at. */
  readonly peakBytes: number | undefined;
  readonly bytes: number | undefined;
  readonly figures: Readonly<Record<string, number>>;
  /** Share of the machine that others had meanwhile, 0 to 1: other processes, and the host of the machine. */
  readonly disturbed: number;
}

const sampleMs = 50;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);

const minus = (after: number | undefined, before: number | undefined): number | undefined =>
  after === undefined || before === undefined ? undefined : after - before;

const bytesReadBy = async (servers: readonly Observed[]): Promise<number | undefined> => {
  const read = await Promise.all(servers.flatMap(({ bytesRead }) => bytesRead?.() ?? []));
  return read.length > 0 ? sum(read) : undefined;
};

/** What the counters of kernel and servers say now. */
const counters = (servers: readonly Observed[]) => ({
  at: performance.now() / 1000,
  own: cpuSecondsOfEnded(),
  server: servers.length > 0 ? sum(servers.map(({ pid }) => cpuSecondsOfTree(pid))) : undefined,
  network: loopbackBytes(),
  machine: machineSeconds(),
});

/** Runs it to its end, in a process group of its own. @returns its peak of memory in bytes */
const run = async ({ argv: [program, ...args], env }: Contender): Promise<number> => {
  const child = spawn(mustExist(program, 'program'), args, {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'ignore', 'inherit'],
    detached: true,
  });
  let peak = 0;
  const timer = setInterval(() => (peak = Math.max(peak, peakOfTree(child.pid ?? 0))), sampleMs);
  const [code] = (await once(child, 'close')) as [number];
  clearInterval(timer);
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} exited with ${code}`);
  return peak;
};

/** Runs a contender once. */
export const measure = async (contender: Contender, servers: readonly Observed[] = []): Promise<Measured> => {
  await contender.before?.();
  const readBefore = await bytesReadBy(servers);
  const before = counters(servers);
  const peak = await run(contender);
  const after = counters(servers);
  const readAfter = await bytesReadBy(servers);
  const seconds = after.at - before.at;
  const cpuSeconds = after.own - before.own;
  const serverCpuSeconds = minus(after.server, before.server);
  const busy = after.machine.busy - before.machine.busy - cpuSeconds - (serverCpuSeconds ?? 0);
  const stolen = after.machine.stolen - before.machine.stolen;
  return {
    seconds,
    cpuSeconds,
    serverCpuSeconds,
    serverBytesRead: minus(readAfter, readBefore),
    networkBytes: minus(after.network, before.network),
    peakBytes: peak || undefined,
    bytes: contender.bytes?.(),
    figures: contender.figures?.() ?? {},
    disturbed: Math.max(0, busy + stolen) / (seconds * availableParallelism()),
  };
};
