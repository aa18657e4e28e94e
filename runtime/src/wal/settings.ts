import { BackupError } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import type { RunContext } from '../core/context.ts';
import { parseDuration } from '../core/units.ts';
import { quantityValue } from '../core/quantity.ts';
import type { LogWork, SlotRequest } from '../engines/engine-log.ts';
import type { Source } from '../engines/source.ts';
import { defaultSlot } from '../plan/point-in-time.ts';
import type { Plan, Target } from '../plan/schema.ts';
import { engineOf, findTarget, openSecretSource } from '../session/app.ts';
import type { CutRules } from './writer.ts';

/** A target whose log is kept. */
export interface LogTargetSettings extends CutRules {
  readonly target: Target;
  readonly log: LogWork;
  readonly slot: SlotRequest;
}

/** The log of any target whose engine has one: what was kept can be read although the plan keeps no more. @throws BackupError target.unknown, usage.invalid */
export const logOf = (plan: Plan, name: string): { readonly target: Target; readonly log: LogWork } => {
  const target = findTarget(plan, name);
  const { log, title } = engineOf(target);
  if (!log) throw new BackupError('usage.invalid', `${title} has no log that can be followed`);
  return { target, log };
};

export const slotOf = (plan: Plan, { name, pointInTime }: Target): string =>
  pointInTime?.slot ?? defaultSlot(plan.environment, name);

/** How the plan keeps a target's log. @throws BackupError target.unknown, usage.invalid */
export const settingsOf = (plan: Plan, name: string): LogTargetSettings => {
  const { target, log } = logOf(plan, name);
  const { pointInTime } = target;
  if (!pointInTime)
    throw new BackupError('usage.invalid', `the plan keeps no log of ${name}: add pointInTime to the target`);
  return {
    target,
    log,
    slot: { name: slotOf(plan, target), allowUnlimited: pointInTime.allowUnlimitedSlot },
    pieceBytes: mustExist(quantityValue(pointInTime.pieceSize), 'size of a piece'),
    intervalMs: pointInTime.synchronous ? 0 : parseDuration(pointInTime.interval) * 1000,
  };
};

/** The server of a target's log, with the credentials of the account that follows it. */
export const openLogSource = (run: RunContext, target: Target): Promise<Source> =>
  openSecretSource(run, target, {
    connection: target.connection,
    secret: target.pointInTime?.secret ?? target.secret,
  });
