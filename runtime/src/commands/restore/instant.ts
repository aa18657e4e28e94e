import { mustExist } from '../../core/must-exist.ts';
import type { LogTarget } from '../../engines/engine-base.ts';
import type { Source } from '../../engines/engine.ts';
import type { Target } from '../../plan/schema.ts';
import type { App } from '../../session/app.ts';
import { factsOf } from '../../wal/base-manifest.ts';
import { recoverInstant, type Ready } from '../../wal/recovered.ts';
import { assertReached, candidatesOf, inputOf, inWords, openLog, seek } from '../../wal/sought.ts';
import { estimatedSeconds } from './estimate.ts';
import type { RestorePlan } from './result.ts';

/** An instant that the stored log reaches, not recovered yet. */
export interface Instant {
  readonly facts: Pick<RestorePlan, 'archive' | 'store' | 'takenAt' | 'archiveBytes' | 'sourceBytes'> &
    Partial<RestorePlan>;
  readonly recover: (app: App, source: Source) => Promise<Ready>;
  /** Writes a data directory instead. */
  readonly write: (app: App, folder: string) => Promise<void>;
}

/**
 * Finds the base and the log for an instant, and what is known of them before anything is recovered.
 * @throws BackupError usage.invalid, archive.unknown, log.unreached, log.gap
 */
export const findInstant = async (app: App, target: Target, until: LogTarget): Promise<Instant> => {
  const sought = seek(app, target, until);
  const candidates = await candidatesOf(app, sought);
  const base = mustExist(candidates[0], 'base');
  const opened = await openLog(app, sought, base);
  assertReached(sought, base, opened);
  const { manifest } = base;
  const logBytes = Number(opened.end - factsOf(manifest).start);
  return {
    facts: {
      archive: base.key,
      store: base.store.location,
      takenAt: manifest.startedAt,
      instant: inWords(until),
      newestInstant: opened.endTime.toISOString(),
      logBytes,
      estimatedSeconds: estimatedSeconds(manifest.sourceBytes, logBytes),
      archiveBytes: manifest.archiveBytes,
      sourceBytes: manifest.sourceBytes,
    },
    recover: (inner, source) => recoverInstant(inner, sought, source, candidates),
    write: async (inner, folder) =>
      sought.work.write(inner.run, await inputOf(inner, sought, base), until, folder),
  };
};
