import { hostname } from 'node:os';
import { z } from 'zod';
import { instanceOf, isGone } from '../core/instance.ts';

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

export const thisProcess = (id: string, command: string): LockOwner => {
  const instance = instanceOf(process.pid);
  return { host: hostname(), pid: process.pid, id, command, ...(instance && { instance }) };
};

/** True only where it is certain: the owner ran in this very PID namespace, and its process is gone. */
export const isDead = (owner: LockOwner): boolean => isGone(owner);
