import { readFileSync, readlinkSync } from 'node:fs';

/** Kernel boot and PID namespace: process ids mean the same only where both are equal. */
const place = (): string =>
  `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${readlinkSync('/proc/self/ns/pid')}`;

/** Start in clock ticks since boot, field 22 of proc_pid_stat(5); the name in field 2 may hold spaces. */
const startOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
};

/** One process among all that ever had its id: boot, PID namespace and start; undefined where /proc does not tell. */
export const instanceOf = (pid: number): string | undefined => {
  try {
    return `${place()}/${startOf(pid)}`;
  } catch {
    return undefined;
  }
};

/** A process, told from others that get its id later. */
export interface Instance {
  readonly pid: number;
  readonly instance?: string | undefined;
}

const placeOf = (instance: string): string => instance.slice(0, instance.lastIndexOf('/'));

/** True only where it is certain: it ran in this very PID namespace, and is gone. */
export const isGone = ({ pid, instance }: Instance): boolean => {
  const here = instanceOf(process.pid);
  if (!instance || !here) return false;
  return placeOf(instance) === placeOf(here) && instanceOf(pid) !== instance;
};
