import { BackupError } from '../../core/errors.ts';
import type { Summary } from '../../runs/recorded-run.ts';
import type { CleanupReport } from './result.ts';

/** The failure `cleanup.failed` naming what is still there, for the record of the run and for the terminal. */
export const cleanupProblem = ({ items }: CleanupReport): BackupError | undefined => {
  const failed = items.filter((item) => item.failed !== undefined);
  return failed.length === 0
    ? undefined
    : new BackupError('cleanup.failed', failed.map(({ name, failed: why }) => `${name}: ${why}`).join('; '));
};

/** What the record of a run says of a clean-up. */
export const cleanupSummary = (report: CleanupReport): Summary => {
  const removed = report.items.filter((item) => item.removed);
  const bytes = removed.reduce((sum, item) => sum + (item.bytes ?? 0), 0);
  const failed = report.items.filter((item) => item.failed !== undefined).length;
  return { figures: { removed: removed.length, bytes, failed }, problem: cleanupProblem(report) };
};
