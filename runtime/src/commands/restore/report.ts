import { isBackupError, messageOf } from '../../core/errors.ts';
import { formatBytes, formatSeconds, stamp } from '../../core/units.ts';
import { printable, printableLine } from '../../core/printable.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import type { App } from '../../session/app.ts';
import { renderRestore } from '../../cli/render.ts';
import type { RestoreOutcome, RestoreResult } from './restore.ts';

/** Folder of a store that holds reports on restores of all targets. */
const restoresFolder = 'restores';

/** One report on a restore of all targets: `restores/<stamp>.json` in the primary store. */
export interface RestoreReport {
  readonly environment: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly status: 'restored' | 'failed';
  readonly seconds: number;
  /** Of what was restored. */
  readonly sourceBytes: number;
  readonly restored: readonly RestoreResult[];
  readonly failed?: { readonly target: string; readonly code: string; readonly message: string };
  readonly notBegun: readonly string[];
  /** Services that could not be started again. */
  readonly servicesDown: readonly string[];
}

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

export const renderRestoreReport = ({ restored, failed, notBegun, ...report }: RestoreReport): string =>
  [
    ...restored.map(renderRestore),
    `${restored.length} of ${restored.length + (failed ? 1 : 0) + notBegun.length} targets restored, ` +
      `${formatBytes(report.sourceBytes)} in ${formatSeconds(report.seconds)}`,
    ...(failed ? [`  FAILED     ${failed.target}: ${failed.code}: ${printableLine(failed.message)}`] : []),
    ...(notBegun.length ? [`  not begun  ${notBegun.join(', ')}`] : []),
  ].join('\n');

/** Stores a report in the primary store; that it cannot be must not hide what the restore did. */
export const storeRestoreReport = async ({ run, stores }: App, report: RestoreReport): Promise<void> => {
  const key = `${restoresFolder}/${stamp(new Date(report.startedAt))}.json`;
  const text = () => oneChunk(`${printable(JSON.stringify(report, null, 2))}\n`);
  await stores.primary
    .put(key, text, { replace: true })
    .catch((error: unknown) => run.log.error({ key, problem: messageOf(error) }, 'report not stored'));
};
