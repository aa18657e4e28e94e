import type { Summary } from '../../runs/recorded-run.ts';
import type { BaseResult } from './result.ts';

/** What the record of a run says of a base. */
export const baseSummary = ({
  store,
  archive,
  kind,
  notRolled,
  notIncremental,
  sourceBytes,
  archiveBytes,
  seconds,
  endLsn,
}: BaseResult): Summary => ({
  figures: { store, archive, kind, sourceBytes, archiveBytes, seconds, endLsn },
  warnings: [
    ...(notRolled === undefined ? [] : [`not rolled, the server was copied: ${notRolled}`]),
    ...(notIncremental === undefined ? [] : [`no increment, all was copied: ${notIncremental}`]),
  ],
});
