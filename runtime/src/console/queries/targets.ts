import { sideBySide } from '../../core/side-by-side.ts';
import { BackupError } from '../../core/errors.ts';
import type { TargetState } from '../../health/target-state.ts';
import { targetsTogether } from '../../health/targets-together.ts';
import { findTarget } from '../../session/app.ts';
import { rights, wordsOf } from '../auth/access.ts';
import type { Caller } from '../auth/caller.ts';
import type { Console } from '../server/web.ts';
import type { Knowledge } from '../state/keeper.ts';

/** What somebody may see of all targets. */
export interface Seen extends Knowledge {
  readonly targets: readonly TargetState[];
}

/** The targets that somebody may see. @throws BackupError `state.unread` */
export const seenTargets = async ({ keeper, access }: Console, caller: Caller): Promise<Seen> => {
  const known = await keeper.look();
  const { targets } = known.state;
  if (await access.may(caller, rights.whole)) return { ...known, targets };
  const may = await sideBySide(targets, targetsTogether, ({ target }) => access.maySee(caller, target.name));
  return { ...known, targets: targets.filter((_, index) => may[index]) };
};

/** What somebody may see of one target. */
export interface SeenTarget extends Knowledge {
  readonly target: TargetState;
}

/** One target. @throws BackupError `target.unknown`, `access.refused`: the same for what is not there as for what may not be seen */
export const seenTarget = async (
  { app, keeper, access, namespace }: Console,
  caller: Caller,
  name: string,
): Promise<SeenTarget> => {
  if (!(await access.maySee(caller, name)))
    throw new BackupError(
      'access.refused',
      `${caller.name} may not ${wordsOf(rights.target(name), namespace)}`,
    );
  findTarget(app.plan, name);
  const known = await keeper.look();
  const target = known.state.targets.find((each) => each.target.name === name);
  if (!target) throw new BackupError('state.unread', `target ${name} was not read yet`);
  return { ...known, target };
};
