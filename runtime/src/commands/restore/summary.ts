import { nameOf } from '../../cluster/scale.ts';
import type { Summary } from '../../runs/recorded-run.ts';
import type { RestoreResult } from './result.ts';

/** What the record of a run says of a restore. */
export const restoreSummary = (result: RestoreResult): Summary => {
  const { store, archive, mode, into, archiveBytes, sourceBytes, seconds, equal, kept, safetyArchive } =
    result;
  const { fromTarget, fromEnvironment, instant } = result;
  const services = result.services?.map(nameOf).join(', ');
  return {
    figures: {
      store,
      archive,
      mode,
      into,
      archiveBytes,
      sourceBytes,
      ...(instant !== undefined && { instant }),
      ...(fromTarget !== undefined && { fromTarget }),
      ...(fromEnvironment !== undefined && { fromEnvironment }),
      ...(seconds !== undefined && { seconds }),
      ...(equal !== undefined && { equal }),
      ...(kept !== undefined && { kept }),
      ...(safetyArchive !== undefined && { safetyArchive }),
      ...(services && { services }),
    },
    warnings: [...(result.notes ?? []), ...(result.accepted ?? []).map((each) => `accepted: ${each}`)],
  };
};
