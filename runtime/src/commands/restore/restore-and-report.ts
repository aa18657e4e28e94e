import { allTargets } from '../../contract/names.ts';
import { BackupError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import { downProblem } from '../../services/start-services.ts';
import type { App } from '../../session/app.ts';
import type { RestoreOptions } from './plan.ts';
import { buildRestoreReport, storeRestoreReport } from './report.ts';
import { restore } from './restore.ts';
import type { RestoreReport, RestoreResult } from './result.ts';

/** The error of the target that failed, with what was done before and what was not. */
const incomplete = (
  { restored, notBegun }: RestoreReport,
  { target, message }: NonNullable<RestoreReport['failed']>,
  cause: unknown,
): BackupError => {
  const done = restored.map((result) => result.target).join(', ') || 'none';
  const open = notBegun.length ? `; not begun: ${notBegun.join(', ')}` : '';
  return new BackupError('restore.incomplete', `${target}: ${message}; restored before: ${done}${open}`, {
    cause,
  });
};

const restoreAll = async (app: App, options: RestoreOptions): Promise<Outcome<RestoreReport>> => {
  const startedAt = app.run.now();
  const targets = app.plan.targets.map(({ name }) => name);
  const outcome = await restore(app, targets, options);
  const report = buildRestoreReport(app, startedAt, outcome);
  await storeRestoreReport(app, report);
  const problem = report.failed && incomplete(report, report.failed, outcome.failed?.error);
  return { result: report, problem: problem ?? downProblem(outcome.servicesDown) };
};

const restoreNamed = async (
  app: App,
  targets: readonly string[],
  options: RestoreOptions,
): Promise<Outcome<readonly RestoreResult[]>> => {
  const { results, failed, servicesDown } = await restore(app, targets, options);
  if (failed) throw failed.error;
  return { result: results, problem: downProblem(servicesDown) };
};

/**
 * Restores one target, or, by the word `full`, all of them with a report of the whole; a dry run of all says what each
 * would do.
 */
export const restoreAndReport = async (
  app: App,
  target: string,
  options: RestoreOptions,
): Promise<Outcome<readonly RestoreResult[] | RestoreReport>> => {
  if (target !== allTargets) return restoreNamed(app, [target], options);
  if (!options.dryRun) return restoreAll(app, options);
  return restoreNamed(
    app,
    app.plan.targets.map(({ name }) => name),
    options,
  );
};
