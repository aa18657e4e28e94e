import { isBackupError } from '../core/errors.ts';
import type { Store } from './store.ts';

/**
 * Removes an object; one that Object Lock keeps goes with a later run.
 * @returns false where it stays
 * @throws BackupError `store.*`
 */
export const removeUnlessLocked = async (store: Store, key: string): Promise<boolean> => {
  try {
    await store.remove(key);
    return true;
  } catch (error) {
    if (!isBackupError(error, 'store.locked')) throw error;
    return false;
  }
};
