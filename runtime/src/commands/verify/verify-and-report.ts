import { BackupError, isBackupError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import { formatCount } from '../../core/units.ts';
import { reportWarnings } from '../../health/warnings.ts';
import type { App } from '../../session/app.ts';
import { buildReport, storeReport } from './report.ts';
import type { VerificationReport } from './result.ts';
import { verificationProblem } from './summary.ts';
import { verify, type VerifyOutcome, type VerifyRequest } from './verify.ts';

const problemOf = ({ stopped, notReached, results }: VerifyOutcome): BackupError | undefined => {
  const failed = verificationProblem(results);
  if (!stopped) return failed;
  const verified = `${formatCount(results.length, 'archive')} verified`;
  const message = `${stopped.message}; ${verified}${failed ? `, ${failed.message}` : ''}; not verified to the end: ${notReached.join(', ')}`;
  return new BackupError('verification.incomplete', message, { cause: stopped });
};

/** A report that cannot be stored is printed all the same; that failure is then the one of the command. */
const storeOf = (app: App, report: VerificationReport, level: VerifyRequest['level']) =>
  storeReport(app, report, level).then(
    () => undefined,
    (error: unknown) => {
      if (!isBackupError(error)) throw error;
      return error;
    },
  );

/** Verifies, and stores the report where every target was asked for. */
export const verifyAndReport = async (
  app: App,
  request: VerifyRequest,
): Promise<Outcome<VerificationReport>> => {
  const { level, target } = request;
  const outcome = await verify(app, request);
  const warnings = outcome.stopped ? [] : await reportWarnings(app, target); // what is left of the grace time is the report's
  const report = buildReport(app.plan.environment, app.run.now(), outcome, warnings);
  const notStored = target ? undefined : await storeOf(app, report, level);
  return { result: report, problem: notStored ?? problemOf(outcome) };
};
