import { isBackupError } from '../../core/errors.ts';
import { parseTime } from '../../core/times.ts';
import { mostParts, type PlannedRestore, type RestoreWish } from '../queries/restore-plan.ts';

/** What somebody chose, and what follows from it. */
export interface Chosen {
  readonly wish: RestoreWish;
  /** Absent where nothing was chosen yet, or it cannot be restored. */
  readonly plan?: PlannedRestore;
  /** Why it cannot. */
  readonly problem?: string;
}

const lines = (text = ''): readonly string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter(Boolean)
    .slice(0, mostParts);

const wishOf = ({ archive, instant, only }: Readonly<Record<string, string>>): RestoreWish => ({
  ...(archive && { archive }),
  ...(instant && { instant }),
  only: lines(only),
});

const notChosen = 'choose an archive or an instant, not both';
const notATime = 'the instant is not a time such as 2026-11-28T03:14:00Z';

/** The choice in the address of a page. @param fields of the form; none where nothing was chosen yet */
export const chosenBy = (
  fields: Readonly<Record<string, string>>,
  plan: (wish: RestoreWish) => PlannedRestore,
): Chosen => {
  const wish = wishOf(fields);
  if (Object.keys(fields).length === 0) return { wish };
  const { archive, instant } = wish;
  const time = instant === undefined ? undefined : parseTime(instant);
  if (archive && instant) return { wish, problem: notChosen };
  if (instant && !time) return { wish, problem: notATime };
  try {
    return { wish, plan: plan({ ...wish, instant: time?.toISOString() }) };
  } catch (error) {
    if (!isBackupError(error)) throw error;
    return { wish, problem: error.message };
  }
};
