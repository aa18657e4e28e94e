import { BackupError } from '../../core/errors.ts';
import { formatCount } from '../../core/units.ts';
import type { Summary } from '../../runs/recorded-run.ts';
import type { Rekeyed } from './result.ts';

/** How many objects rows are about. */
const objectsOf = (rows: readonly Rekeyed[]): number =>
  rows.reduce((sum, { objects = 1 }) => sum + objects, 0);

/** What keeps a rekey from being complete; undefined where nothing does. */
export const rekeyProblem = (moved: readonly Rekeyed[]): BackupError | undefined => {
  const failed = moved.filter((each) => each.failed);
  const [first] = failed;
  return (
    first &&
    new BackupError(
      'archive.damaged',
      `${formatCount(objectsOf(failed), failed.some(({ objects }) => objects) ? 'object' : 'archive')} could not be rewritten, first ${first.from}: ${first.failed}`,
    )
  );
};

/** What the record of a run says of a rekey. */
export const rekeySummary = (moved: readonly Rekeyed[]): Summary => ({
  figures: {
    rekeyed: objectsOf(moved.filter(({ failed }) => !failed)),
    kept: objectsOf(moved.filter(({ kept }) => kept)),
  },
  problem: rekeyProblem(moved),
});
