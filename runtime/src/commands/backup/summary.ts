import type { Summary } from '../../runs/recorded-run.ts';
import type { BackupResult } from './result.ts';

/** What the record of a run says of a backup. */
export const backupSummary = (result: BackupResult): Summary => {
  const {
    store,
    archive,
    sourceBytes,
    archiveBytes,
    storedBytes,
    seconds,
    copies,
    replicated,
    pruned,
    warnings,
  } = result;
  const counts = {
    copies: copies.length,
    replicated: Object.values(replicated).flat().length,
    pruned: pruned.length,
  };
  return {
    figures: { store, archive, sourceBytes, archiveBytes, storedBytes, seconds, ...counts },
    warnings,
  };
};
