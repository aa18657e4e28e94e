import { isBackupError } from '../core/errors.ts';
import type { Store } from './store.ts';

/** Removes an object; one that Object Lock keeps goes with a later run. @throws BackupError `store.*` */
export const removeUnlessLocked = async (store: Store, key: string): Promise<void> => {
  await store.remove(key).catch((error: unknown) => {
    if (!isBackupError(error, 'store.locked')) throw error;
  });
};
