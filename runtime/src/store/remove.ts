import { isBackupError } from '../core/errors.ts';
import type { Store } from './store.ts';

/** Removes an object. @returns why it stays, where Object Lock keeps it. @throws BackupError `store.*` */
export const removeOrWhy = async (store: Store, key: string): Promise<string | undefined> => {
  try {
    await store.remove(key);
  } catch (error) {
    if (!isBackupError(error, 'store.locked')) throw error;
    return error.message;
  }
};

/**
 * Removes an object; one that Object Lock keeps goes with a later run.
 * @returns false where it stays
 * @throws BackupError `store.*`
 */
export const removeUnlessLocked = async (store: Store, key: string): Promise<boolean> =>
  (await removeOrWhy(store, key)) === undefined;
