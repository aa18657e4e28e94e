import { BackupError } from '../../core/errors.ts';
import type { FindOptions } from './find.ts';

/** A flag that does nothing would be taken for one that does. @throws BackupError usage.invalid */
export const refuseUnused = (
  action: string,
  { force, ...search }: FindOptions & { force: boolean },
): void => {
  if (action !== 'find' && Object.values(search).some((value) => value !== undefined))
    throw new BackupError('usage.invalid', `a statement, --relation, --from and --to are for wal find`);
  if (action !== 'release' && force) throw new BackupError('usage.invalid', '--force is for wal release');
};
