import { spawnSync } from 'node:child_process';
import { chown } from 'node:fs/promises';
import type { IPodSpec } from 'kubernetes-models/v1';
import { unprivileged } from '../../test/kit/private-server.ts';

/** User and group of a process; empty where this process may not choose. */
export interface Identity {
  readonly uid?: number;
  readonly gid?: number;
}

/** A user without rights of its own cannot start a program below, say, /root. */
const canRead = (file: string, identity: Identity): boolean =>
  spawnSync('test', ['-r', file], { ...identity, cwd: '/' }).status === 0;

/** The pod's own user where this process is root; root where that user cannot read `program`. */
export const identityOf = ({ securityContext }: IPodSpec, program: string): Identity => {
  if (process.getuid?.() !== 0) return {};
  const { uid, gid } = unprivileged as Required<Identity>;
  const identity = { uid: securityContext?.runAsUser ?? uid, gid: securityContext?.runAsGroup ?? gid };
  return canRead(program, identity) ? identity : {};
};

/** Whether this machine has a name for the user: initdb, which a drill of PostgreSQL runs, wants one. */
export const hasName = ({ uid }: Identity): boolean =>
  uid === undefined || spawnSync('getent', ['passwd', String(uid)]).status === 0;

/** Gives files to the pod's user, as fsGroup would. */
export const own = async ({ uid, gid }: Identity, ...paths: readonly string[]): Promise<void> => {
  if (uid !== undefined && gid !== undefined) for (const path of paths) await chown(path, uid, gid);
};
