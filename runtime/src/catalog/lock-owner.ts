import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { z } from 'zod';

export const ownerSchema = z.strictObject({
  /** Name of the pod, or of the machine outside of Kubernetes. */
  host: z.string(),
  pid: z.int(),
  /** Random; two locks never have the same. */
  id: z.string(),
  command: z.string(),
  /** Boot of the kernel, PID namespace and start of the process; absent where /proc does not tell. */
  instance: z.string().optional(),
});

/** Who holds a lock. */
export type LockOwner = z.output<typeof ownerSchema>;

/** Kernel boot and PID namespace: process ids mean the same only where both are equal. */
const place = (): string =>
  `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()}/${readlinkSync('/proc/self/ns/pid')}`;

/** Start in clock ticks since boot, field 22 of proc_pid_stat(5); the name in field 2 may hold spaces. */
const startOf = (pid: number): string => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]!;
};

const instanceOf = (pid: number): string | undefined => {
  try {
    return `${place()}/${startOf(pid)}`;
  } catch {
    return undefined;
  }
};

export const thisProcess = (id: string, command: string): LockOwner => {
  const instance = instanceOf(process.pid);
  return { host: hostname(), pid: process.pid, id, command, ...(instance && { instance }) };
};

/** True only where it is certain: the owner ran in this very PID namespace, and its process is gone. */
export const isDead = ({ pid, instance }: LockOwner): boolean => {
  const here = instanceOf(process.pid);
  if (!instance || !here) return false;
  const placeOf = (text: string): string => text.slice(0, text.lastIndexOf('/'));
  return placeOf(instance) === placeOf(here) && instanceOf(pid) !== instance;
};
