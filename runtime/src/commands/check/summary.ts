import { BackupError } from '../../core/errors.ts';
import { formatCount } from '../../core/units.ts';
import type { Summary } from '../../runs/recorded-run.ts';
import type { Checked } from './result.ts';

/** Problems that are still there. */
export const remaining = (findings: readonly Checked[]): readonly Checked[] =>
  findings.filter(({ severity, repaired }) => severity === 'problem' && !repaired);

/** The failure `check.failed`, for the record of a run and for the terminal; undefined where nothing remains. */
export const checkProblem = (findings: readonly Checked[]): BackupError | undefined => {
  const left = remaining(findings);
  const [first] = left;
  if (!first) return undefined;
  const verb = left.length === 1 ? 'remains' : 'remain';
  const place = [first.kind, first.key || first.store].join(' ');
  return new BackupError('check.failed', `${formatCount(left.length, 'problem')} ${verb}, first ${place}`);
};

/** What the record of a run says of a repair. */
export const checkSummary = (findings: readonly Checked[]): Summary => ({
  figures: {
    found: findings.length,
    repaired: findings.filter(({ repaired }) => repaired).length,
    problems: remaining(findings).length,
  },
  problem: checkProblem(findings),
});
