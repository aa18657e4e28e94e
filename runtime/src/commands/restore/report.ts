import { isBackupError, messageOf } from '../../core/errors.ts';
import { stamp } from '../../core/units.ts';
import { printable } from '../../core/printable.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import type { App } from '../../session/app.ts';
import type { RestoreOutcome } from './restore.ts';
import type { RestoreReport } from './result.ts';

/** Folder of a store that holds reports on restores of all targets. */
const restoresFolder = 'restores';

export const buildRestoreReport = (
  app: App,
  startedAt: Date,
  { results, failed, notBegun, servicesDown }: RestoreOutcome,
): RestoreReport => {
  const finishedAt = app.run.now();
  return {
    environment: app.plan.environment,
    startedAt: startedAt.toISOString(),
    finishedAt: finishedAt.toISOString(),
    status: failed ? 'failed' : 'restored',
    seconds: (finishedAt.getTime() - startedAt.getTime()) / 1000,
    sourceBytes: results.reduce((sum, { sourceBytes }) => sum + sourceBytes, 0),
    restored: results,
    ...(failed && {
      failed: {
        target: failed.target,
        code: isBackupError(failed.error) ? failed.error.code : 'unexpected',
        message: messageOf(failed.error),
      },
    }),
    notBegun,
    servicesDown,
  };
};

/** Stores a report in the primary store; that it cannot be must not hide what the restore did. */
export const storeRestoreReport = async ({ run, stores }: App, report: RestoreReport): Promise<void> => {
  const key = `${restoresFolder}/${stamp(new Date(report.startedAt))}.json`;
  const text = () => oneChunk(`${printable(JSON.stringify(report, null, 2))}\n`);
  await stores.primary
    .put(key, text, { replace: true })
    .catch((error: unknown) => run.log.error({ key, problem: messageOf(error) }, 'report not stored'));
};
