import { isBackupError } from '../core/errors.ts';
import { throwIfStopped } from '../core/stopped.ts';
import type { App } from '../session/app.ts';
import type { Store } from '../store/store.ts';

/** Objects of the log that one run removes: a week of 100 GB a day; one after the other they take half an hour. */
export const mostRemoved = 50_000;

/** How far a removal in order came. */
export interface Removal {
  readonly removed: ReadonlySet<string>;
  /** Why it ended before the last key. */
  readonly stopped?: string;
}

/** Removes one object after the other; where one stays, also all after it, so that the log that is left has no new hole. */
export const removeInOrder = async (
  { run }: Pick<App, 'run'>,
  store: Store,
  keys: readonly string[],
  most: number,
): Promise<Removal> => {
  const removed = new Set<string>();
  for (const key of keys) {
    throwIfStopped(run);
    if (removed.size >= most)
      return { removed, stopped: `one run removes ${mostRemoved} objects of the log at most` };
    try {
      await store.remove(key);
    } catch (error) {
      if (!isBackupError(error, 'store.locked')) throw error;
      return { removed, stopped: error.message };
    }
    removed.add(key);
  }
  return { removed };
};
