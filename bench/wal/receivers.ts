import { spawn, type ChildProcess } from 'node:child_process';
import { join } from 'node:path';
import { programPath } from '../../runtime/src/contract/names.ts';
import { serverCommand } from '../../src/constructs/server-command.ts';
import { endReceiver, lagBytes } from '../../test/kit/receiver-process.ts';
import { until } from '../../test/kit/until.ts';
import type { Bed, Variant } from './bed.ts';

const program = join(import.meta.dirname, '../../runtime/bin/grill-backup');

/** Command of a target's receiver, as its pod has it: with the pod's settings of V8. */
export const receiverCommand = (target: string, port: number): readonly string[] =>
  serverCommand('receive', target, '--port', `${port}`).map((part) =>
    part === programPath ? program : part,
  );

/** A program that follows the log while something else is measured. */
export interface Follower {
  readonly stop: () => Promise<void>;
}

const follow = async (
  { env }: Bed,
  [program = '', ...args]: readonly string[],
  isThere: () => Promise<boolean>,
): Promise<Follower> => {
  const child: ChildProcess = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'ignore' });
  await until(isThere, 60);
  return { stop: async () => void (await endReceiver(child, 'SIGTERM')) };
};

/** Ours, of a target of the plan. */
export const startOurs = (bed: Bed, target: Variant): Promise<Follower> =>
  follow(bed, receiverCommand(target, bed.port), async () => (await lagBytes(bed.port)) < Infinity);

/** PostgreSQL's own, with a slot that it makes, into a folder. */
export const startNative = async (bed: Bed, folder: string): Promise<Follower> => {
  const slot = 'native';
  await bed.sql(`select pg_create_physical_replication_slot('${slot}', true)`);
  return follow(
    bed,
    ['pg_receivewal', '-D', folder, '-S', slot, '-s', '1'],
    async () =>
      (await bed.sql(`select active from pg_replication_slots where slot_name = '${slot}'`)) === 't',
  );
};

/** Removes all slots but one. */
export const dropSlots = ({ sql }: Bed, kept = ''): Promise<string> =>
  sql(
    `select pg_drop_replication_slot(slot_name) from pg_replication_slots where slot_name <> '${kept}' and not active`,
  );

/** Waits until a slot was told that all before a position is stored. */
export const untilConfirmed = async ({ sql }: Bed, slot: string, position: string): Promise<void> => {
  const confirmed = `select restart_lsn >= '${position}' from pg_replication_slots where slot_name = '${slot}'`;
  await until(async () => (await sql(confirmed)) === 't', 120);
};
