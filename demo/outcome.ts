import type { VerificationReport } from '../runtime/src/commands/verify/result.ts';
import { secondsTaken } from '../runtime/src/core/times.ts';
import { table } from '../runtime/src/core/text-table.ts';
import { formatBytes, formatSeconds } from '../runtime/src/core/units.ts';
import type { BackedUp } from './backup.ts';
import type { Recovered } from './recovery.ts';

/** How one target came through: a line of the closing table. */
export interface Outcome {
  readonly target: string;
  readonly sourceBytes: number;
  readonly archiveBytes: number;
  readonly backupSeconds: number;
  readonly verified: boolean;
  readonly restoreSeconds: number;
  readonly equal: boolean;
}

/** An archive counts as verified if it passed in every store. */
const isVerified = ({ results }: VerificationReport, target: string): boolean => {
  const own = results.filter((result) => result.target === target);
  return own.length > 0 && own.every(({ ok }) => ok);
};

export const outcomeOf = (
  target: string,
  { manifest }: BackedUp,
  report: VerificationReport,
  { seconds, different }: Recovered,
): Outcome => ({
  target,
  sourceBytes: manifest.sourceBytes,
  archiveBytes: manifest.archiveBytes,
  backupSeconds: secondsTaken(manifest),
  verified: isVerified(report, target),
  restoreSeconds: seconds,
  equal: different.length === 0,
});

const yes = (holds: boolean): string => (holds ? 'yes' : 'NO');

/** The closing table. */
export const renderOutcomes = (outcomes: readonly Outcome[]): string =>
  table(
    ['target', 'source', 'archive', 'backup took', 'verified', 'restored in', 'equal'],
    outcomes.map((outcome) => [
      outcome.target,
      formatBytes(outcome.sourceBytes),
      formatBytes(outcome.archiveBytes),
      formatSeconds(outcome.backupSeconds),
      yes(outcome.verified),
      formatSeconds(outcome.restoreSeconds),
      yes(outcome.equal),
    ]),
  );

export const isGood = ({ verified, equal }: Outcome): boolean => verified && equal;
