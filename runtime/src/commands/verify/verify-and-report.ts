import { BackupError, isBackupError } from '../../core/errors.ts';
import type { Outcome } from '../../core/outcome.ts';
import { formatCount } from '../../core/units.ts';
import { reportWarnings } from '../../health/warnings.ts';
import type { App } from '../../session/app.ts';
import { storePart } from './parts.ts';
import { buildReport, storeReport } from './report.ts';
import type { VerificationReport } from './result.ts';
import { verificationProblem } from './summary.ts';
import { targetsOf, verify, type VerifyOutcome, type VerifyRequest } from './verify.ts';

const problemOf = ({ stopped, notReached, results }: VerifyOutcome): BackupError | undefined => {
  const failed = verificationProblem(results);
  if (!stopped) return failed;
  const verified = `${formatCount(results.length, 'archive')} verified`;
  const message = `${stopped.message}; ${verified}${failed ? `, ${failed.message}` : ''}; not verified to the end: ${notReached.join(', ')}`;
  return new BackupError('verification.incomplete', message, { cause: stopped });
};

/** A report that cannot be stored is printed all the same; that failure is then the one of the command. */
const storeOf = (app: App, report: VerificationReport, request: VerifyRequest) => {
  const { part } = app.run;
  const storing = part
    ? storePart(app, part, { targets: targetsOf(app, request), report }, request.level)
    : storeReport(app, report, request.level);
  return storing.then(
    () => undefined,
    (error: unknown) => {
      if (!isBackupError(error)) throw error;
      return error;
    },
  );
};

/** What is left of the grace time of a run that was stopped is the report's. All targets share the store, so one part looks at it. */
const warningsOf = async (app: App, request: VerifyRequest, { stopped }: VerifyOutcome) =>
  stopped
    ? []
    : reportWarnings(app, targetsOf(app, request), request.target !== undefined || !app.run.part?.index);

/** Verifies, and stores the report where every target was asked for. */
export const verifyAndReport = async (
  app: App,
  request: VerifyRequest,
): Promise<Outcome<VerificationReport>> => {
  const { part } = app.run;
  const outcome = await verify(app, request);
  const warnings = await warningsOf(app, request, outcome);
  const report = buildReport({
    environment: app.plan.environment,
    part: part && !request.target ? { index: part.index, of: part.of } : undefined,
    generatedAt: app.run.now().toISOString(),
    stopped: outcome.stopped?.message,
    notReached: outcome.notReached,
    warnings,
    results: outcome.results,
  });
  const notStored = request.target ? undefined : await storeOf(app, report, request);
  return { result: report, problem: notStored ?? problemOf(outcome) };
};
