import type { Summary } from '../../runs/recorded-run.ts';
import type { BaseResult } from './result.ts';

/** What the record of a run says of a base. */
export const baseSummary = ({
  store,
  archive,
  sourceBytes,
  archiveBytes,
  seconds,
  endLsn,
}: BaseResult): Summary => ({
  figures: { store, archive, sourceBytes, archiveBytes, seconds, endLsn },
});
