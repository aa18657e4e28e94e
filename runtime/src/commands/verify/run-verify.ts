import { BackupError } from '../../core/errors.ts';
import type { Tool } from '../../cli/program.ts';
import { buildReport, renderReport, storeReport } from './report.ts';
import { verify } from './verify.ts';
import type { VerifyLevel } from '../../contract/verify-levels.ts';
import { reportWarnings } from '../../health/warnings.ts';

export interface VerifyFlags {
  readonly level?: VerifyLevel;
  readonly last?: number;
}

/** Verifies, prints the report, stores it, and fails where an archive did. */
export const runVerify = async (
  tool: Tool,
  target: string | undefined,
  archive: string | undefined,
  flags: VerifyFlags,
): Promise<void> => {
  const app = await tool.open();
  const level = flags.level ?? app.plan.verification.level;
  const outcome = await verify(app, { level, target, archive, last: flags.last ?? 1 });
  const { stopped, notReached } = outcome;
  const warnings = stopped ? [] : await reportWarnings(app, target); // what is left of the grace time is the report's
  const report = buildReport(app.plan.environment, app.run.now(), outcome, warnings);
  tool.print(report, renderReport);
  if (!target) await storeReport(app, report, level);
  if (stopped)
    throw new BackupError(
      'verification.incomplete',
      `${stopped.message}; ${report.archives} archives verified, ${report.failed} of them failed; not verified to the end: ${notReached.join(', ')}`,
      { cause: stopped },
    );
  if (report.failed > 0)
    throw new BackupError(
      'verification.failed',
      `${report.failed} of ${report.archives} archives did not pass verification`,
    );
};
