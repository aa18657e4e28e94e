import type { Restorable } from '../archives/restorable.ts';
import type { DumpEntry } from '../core/entries.ts';
import { BackupError, isBackupError } from '../core/errors.ts';
import type { Recovered } from '../engines/engine-base.ts';
import type { Fingerprint, Source } from '../engines/engine.ts';
import { assertEqual } from '../engines/fingerprint.ts';
import type { App } from '../session/app.ts';
import type { WholeBase } from './bases.ts';
import { inputOf, type Sought } from './sought.ts';

/** Data that can be restored. `close` always. */
export interface Ready {
  readonly data: Restorable;
  /** Commit time of the newest transaction that is in a recovered instant. */
  readonly lastCommit?: Date | undefined;
  readonly close: () => Promise<void>;
}

/** A dump of the recovered server, which holds what was counted in it. */
async function* dumped(
  app: App,
  { engine }: Sought,
  source: Source,
  counted: Fingerprint,
): AsyncGenerator<DumpEntry> {
  const dump = await engine.dump(app.run, source);
  try {
    yield* dump.entries;
    assertEqual(counted, await dump.fingerprint());
  } finally {
    await dump.close();
  }
}

export const recoverFrom = async (
  app: App,
  sought: Sought,
  source: Source,
  base: WholeBase,
): Promise<Recovered> => sought.work.recover(app.run, source, await inputOf(app, sought, base), sought.until);

/** A transaction may be older than the newest base, which only a recovery finds out. */
const recoverAny = async (
  app: App,
  sought: Sought,
  source: Source,
  bases: readonly WholeBase[],
): Promise<{ readonly base: WholeBase; readonly recovered: Recovered }> => {
  const isSearched = typeof sought.until === 'object' && 'beforeTransaction' in sought.until;
  for (const [index, base] of bases.entries())
    try {
      return { base, recovered: await recoverFrom(app, sought, source, base) };
    } catch (error) {
      const isLast = index === bases.length - 1 || !isSearched;
      if (isLast || !isBackupError(error, 'log.unreached')) throw error;
      app.run.log.info({ base: base.key, problem: error.message }, 'the base before is tried');
    }
  throw new BackupError('archive.unknown', `no base of ${sought.target.name} is stored`);
};

/** Recovers an instant into a server of this job, and counts it. @param bases that it can be recovered from, newest first */
export const recoverInstant = async (
  app: App,
  sought: Sought,
  source: Source,
  candidates: readonly WholeBase[],
): Promise<Ready> => {
  const { engine } = sought;
  const { base, recovered } = await recoverAny(app, sought, source, candidates);
  try {
    const fingerprint = await engine.fingerprint(app.run, recovered.source, app.run.now());
    const { target, server, sourceBytes } = base.manifest;
    return {
      data: {
        key: base.key,
        manifest: { engine: engine.name, target, server, sourceBytes, fingerprint },
        open: () => dumped(app, sought, recovered.source, fingerprint),
      },
      lastCommit: recovered.lastCommit,
      close: recovered.stop,
    };
  } catch (error) {
    await recovered.stop();
    throw error;
  }
};
