import { BackupError, isBackupError } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import type { DumpEntry } from '../../core/entries.ts';
import type { BaseWork, LogTarget, Recovered, RecoveryInput } from '../../engines/engine-base.ts';
import type { Engine, Fingerprint, Source } from '../../engines/engine.ts';
import { assertEqual } from '../../engines/fingerprint.ts';
import type { Target } from '../../plan/schema.ts';
import { engineOf, type App } from '../../session/app.ts';
import { allBases, baseEntries, type Base } from '../../wal/bases.ts';
import { factsOf } from '../../wal/base-manifest.ts';
import { placeOf } from '../../wal/place.ts';
import { openLogReader, type OpenedLog } from '../../wal/reader.ts';
import { logOf } from '../../wal/settings.ts';
import { estimatedSeconds } from './estimate.ts';
import type { RestorePlan } from './result.ts';
import type { Ready } from './subject.ts';

/** An instant that the stored log reaches, not recovered yet. */
export interface Instant {
  readonly facts: Pick<RestorePlan, 'archive' | 'store' | 'takenAt' | 'archiveBytes' | 'sourceBytes'> &
    Partial<RestorePlan>;
  readonly recover: (app: App, source: Source) => Promise<Ready>;
  /** Writes a data directory instead. */
  readonly write: (app: App, folder: string) => Promise<void>;
}

interface Sought {
  readonly target: Target;
  readonly engine: Engine;
  readonly work: BaseWork;
  readonly log: NonNullable<Engine['log']>;
  readonly until: LogTarget;
}

/** For people. */
const inWords = (until: LogTarget): string => {
  if (until === 'latest') return 'the newest instant';
  if ('time' in until) return until.time.toISOString();
  return 'position' in until ? until.position : `just before transaction ${until.beforeTransaction}`;
};

/** Whether a recovery of the base may stop at the instant: it is whole by then. */
const isBefore = ({ log, until }: Sought, { manifest }: Base): boolean => {
  if (until === 'latest' || 'beforeTransaction' in until) return true;
  if ('time' in until) return Date.parse(manifest.finishedAt) <= until.time.getTime();
  const position = log.parsePosition(until.position);
  if (position === undefined)
    throw new BackupError('usage.invalid', `${until.position} is not a position of the log`);
  return factsOf(manifest).end <= position;
};

/** Bases that the instant can be recovered from, newest first. @throws BackupError archive.unknown, log.unreached */
const candidatesOf = async (app: App, sought: Sought): Promise<readonly Base[]> => {
  const { name } = sought.target;
  const bases = await allBases(app, name);
  const oldest = bases.at(-1);
  if (!oldest)
    throw new BackupError(
      'archive.unknown',
      `no base of ${name} is stored; take one: grill-backup base ${name}`,
    );
  const found = bases.filter((base) => isBefore(sought, base));
  if (found.length === 0)
    throw new BackupError(
      'log.unreached',
      `${inWords(sought.until)} is before the oldest base of ${name}, which was whole at ${oldest.manifest.finishedAt}`,
    );
  return found;
};

const openLog = (app: App, { target, log }: Sought, { manifest }: Base): Promise<OpenedLog> => {
  const { system, timeline, start } = factsOf(manifest);
  return openLogReader(placeOf(app, target.name), log, { system, timeline, from: start });
};

/** @throws BackupError log.unreached, which names the newest instant before the hole, or the end */
const assertReached = (
  { until, log }: Sought,
  { manifest }: Base,
  { end, endTime, hole }: OpenedLog,
): void => {
  const why = hole ? `, where a hole begins that ends at ${log.formatPosition(hole.to)}` : '';
  const ends = `the stored log reaches ${endTime.toISOString()}, ${log.formatPosition(end)}${why}`;
  if (end < factsOf(manifest).end)
    throw new BackupError('log.unreached', `the newest base is not whole yet: ${ends}`);
  if (until === 'latest' || 'beforeTransaction' in until) return;
  const isReached =
    'time' in until ? until.time <= endTime : (log.parsePosition(until.position) ?? end + 1n) <= end;
  if (!isReached) throw new BackupError('log.unreached', `${inWords(until)} is not stored: ${ends}`);
};

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

/** @throws BackupError log.unreached */
const inputOf = async (app: App, sought: Sought, base: Base): Promise<RecoveryInput> => {
  const { manifest } = base;
  const log = await openLog(app, sought, base);
  assertReached(sought, base, log);
  const { server, sourceBytes, target } = manifest;
  const entries = baseEntries(app, base, `recover ${target}`);
  return { entries, facts: factsOf(manifest), server, sourceBytes, log };
};

const recoverFrom = async (app: App, sought: Sought, source: Source, base: Base): Promise<Recovered> =>
  sought.work.recover(app.run, source, await inputOf(app, sought, base), sought.until);

/** A transaction may be older than the newest base, which only a recovery finds out. */
const recoverAny = async (
  app: App,
  sought: Sought,
  source: Source,
  bases: readonly Base[],
): Promise<{ readonly base: Base; readonly recovered: Recovered }> => {
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

const makeReady = async (
  app: App,
  sought: Sought,
  source: Source,
  candidates: readonly Base[],
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

/**
 * Finds the base and the log for an instant, and what is known of them before anything is recovered.
 * @throws BackupError usage.invalid, archive.unknown, log.unreached, log.gap
 */
export const findInstant = async (app: App, target: Target, until: LogTarget): Promise<Instant> => {
  const engine = engineOf(target);
  const { log } = logOf(app.plan, target.name);
  const sought = {
    target,
    engine,
    work: mustExist(engine.bases, 'bases of an engine with a log'),
    log,
    until,
  };
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
    recover: (inner, source) => makeReady(inner, sought, source, candidates),
    write: async (inner, folder) =>
      sought.work.write(inner.run, await inputOf(inner, sought, base), until, folder),
  };
};
