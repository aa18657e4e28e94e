import type { RunContext } from './context.ts';
import { BackupError, isBackupError, messageOf } from './errors.ts';

/** Between two steps that must each be whole. @throws BackupError why the run was stopped, if it was */
export const throwIfStopped = ({ signal }: Pick<RunContext, 'signal'>): void => {
  if (!signal.aborted) return;
  const reason: unknown = signal.reason;
  throw isBackupError(reason)
    ? reason
    : new BackupError('run.interrupted', `the run was stopped: ${messageOf(reason)}`);
};
