import { BackupError } from '../../core/errors.ts';
import { formatCount } from '../../core/units.ts';
import type { Summary } from '../../runs/recorded-run.ts';
import type { Rekeyed } from './result.ts';

/** What keeps a rekey from being complete; undefined where nothing does. */
export const rekeyProblem = (moved: readonly Rekeyed[]): BackupError | undefined => {
  const failed = moved.filter((each) => each.failed);
  const [first] = failed;
  return (
    first &&
    new BackupError(
      'archive.damaged',
      `${formatCount(failed.length, 'archive')} could not be rewritten, first ${first.from}: ${first.failed}`,
    )
  );
};

/** What the record of a run says of a rekey. */
export const rekeySummary = (moved: readonly Rekeyed[]): Summary => ({
  figures: {
    rekeyed: moved.filter(({ failed }) => !failed).length,
    kept: moved.filter(({ kept }) => kept).length,
  },
  problem: rekeyProblem(moved),
});
