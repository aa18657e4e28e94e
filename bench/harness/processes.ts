import { readdirSync, readFileSync } from 'node:fs';

const ticksPerSecond = 100; // USER_HZ of every Linux

const read = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // the process is gone
  }
};

const threadsOf = (pid: number): readonly string[] => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
};

/** A process and all that it started and that still run. */
export const treeOf = (pid: number): readonly number[] => [
  pid,
  ...threadsOf(pid)
    .flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).split(' ').filter(Boolean))
    .flatMap((child) => treeOf(Number(child))),
];

/** Fields of /proc/<pid>/stat from the state on: a name may hold blanks and parentheses. */
const statOf = (pid: number | 'self'): readonly string[] =>
  read(`/proc/${pid}/stat`)
    .replace(/^.*\) /s, '')
    .split(' ');

/** utime, stime, and both of the children that were waited for. */
const ticks = (pid: number): number =>
  statOf(pid)
    .slice(11, 15)
    .reduce((sum, field) => sum + Number(field), 0);

/** CPU seconds that a process has used up to now, with all that it started, ended or not. */
export const cpuSecondsOfTree = (pid: number): number =>
  treeOf(pid).reduce((sum, each) => sum + ticks(each), 0) / ticksPerSecond;

/** CPU seconds of what this process started and has waited for. */
export const cpuSecondsOfEnded = (): number => {
  const [user, system] = statOf('self').slice(13, 15);
  return (Number(user) + Number(system)) / ticksPerSecond;
};

/** High-water mark of a process's resident set in bytes, kept by the kernel. */
const peakOf = (pid: number): number =>
  Number(/VmHWM:\s+(\d+) kB/.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

export const peakOfTree = (pid: number): number => Math.max(...treeOf(pid).map(peakOf));

/** What the machine's processors have done since it started, in seconds: worked, and waited for the host of the machine. */
export const machineSeconds = (): { readonly busy: number; readonly stolen: number } => {
  const [user, nice, system, , , irq, softirq, stolen] = read('/proc/stat')
    .split(/\s+/)
    .slice(1, 9)
    .map((field) => Number(field) / ticksPerSecond) as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  return { busy: user + nice + system + irq + softirq, stolen };
};

/** Bytes that crossed the loopback interface, both ways; nothing where others use it too. */
export const loopbackBytes = (): number | undefined =>
  process.env['OWN_NETWORK'] ? Number(/lo:\s*(\d+)/.exec(read('/proc/net/dev'))?.[1]) : undefined;
