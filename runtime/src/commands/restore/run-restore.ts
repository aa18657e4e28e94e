import { allTargets } from '../../contract/names.ts';
import { BackupError } from '../../core/errors.ts';
import type { App } from '../../session/app.ts';
import type { Tool } from '../../cli/program.ts';
import { renderRestore, renderStarted } from '../../cli/render.ts';
import { restore, type RestoreOutcome } from './restore.ts';
import type { RestoreOptions } from './plan.ts';
import { buildRestoreReport, renderRestoreReport, storeRestoreReport, type RestoreReport } from './report.ts';
import { requireUp, startServices } from './stop-services.ts';

/** The error of the target that failed, with what was done before and what was not. */
const incomplete = ({ restored, failed, notBegun }: RestoreReport, cause: unknown): BackupError => {
  const done = restored.map(({ target }) => target).join(', ') || 'none';
  const open = notBegun.length ? `; not begun: ${notBegun.join(', ')}` : '';
  const message = `${failed!.target}: ${failed!.message}; restored before: ${done}${open}`;
  return new BackupError('restore.incomplete', message, { cause });
};

const finish = async (tool: Tool, app: App, startedAt: Date, outcome: RestoreOutcome): Promise<void> => {
  const report = buildRestoreReport(app, startedAt, outcome);
  await storeRestoreReport(app, report);
  tool.print(report, renderRestoreReport);
  if (outcome.failed) throw incomplete(report, outcome.failed.error);
  requireUp(outcome.servicesDown);
};

/** Restores one target, or all of them with a report of the whole. */
export const runRestore = async (tool: Tool, target: string, options: RestoreOptions): Promise<void> => {
  const app = await tool.open();
  const startedAt = app.run.now();
  const targets = target === allTargets ? app.plan.targets.map(({ name }) => name) : [target];
  const outcome = await restore(app, targets, options);
  if (target === allTargets && !options.dryRun) return finish(tool, app, startedAt, outcome);
  if (outcome.failed) throw outcome.failed.error;
  tool.print(outcome.results, (results) => results.map(renderRestore).join('\n'));
  requireUp(outcome.servicesDown);
};

/** Scales up again what a killed restore left at 0. */
export const runStartServices = async (tool: Tool): Promise<void> => {
  const result = await startServices(await tool.open());
  tool.print(result, renderStarted);
  requireUp(result.down);
};
