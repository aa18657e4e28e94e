import { isManifest } from '../archives/layout.ts';
import { isBackupError, messageOf, type BackupError } from '../core/errors.ts';
import type { TimelineSwitch } from '../engines/engine-log.ts';
import type { Target } from '../plan/schema.ts';
import type { App } from '../session/app.ts';
import { listed } from '../store/listed.ts';
import { printOf } from '../store/print.ts';
import { baseFolder, factsOf } from '../wal/base-manifest.ts';
import { readBases, type Base, type Bases, type BrokenBase } from '../wal/bases.ts';
import { readHistory } from '../wal/history.ts';
import { holesAfter, instantsOf, type BaseOnLine, type Instants } from '../wal/instants.ts';
import { newestLine } from '../wal/line.ts';
import type { HistoryName } from '../wal/names.ts';
import { placeOf } from '../wal/place.ts';
import { logOf } from '../wal/settings.ts';
import { stretchesReader, type Stretches } from '../wal/stretches.ts';
import { whileSame } from './while-same.ts';

/** What the stores know of a target's log. */
export interface LogState {
  /** Instants that can be restored, oldest first, cut at what is missing. */
  readonly windows: readonly Instants[];
  /** Holes in the stored log, from the oldest base on. */
  readonly holes: number;
  /** Bases that count, in the primary store. */
  readonly bases: number;
  /** When the newest base was begun; absent where there is none. */
  readonly newestBase?: string | undefined;
  /** Bases that do not count, and why. */
  readonly setAside: readonly BrokenBase[];
}

/** The log of a target where the plan keeps one, or why it could not be read. */
export interface KnownLog {
  readonly log?: LogState;
  readonly logProblem?: BackupError;
}

export type ReadLogState = (target: Target, now: Date) => Promise<KnownLog>;

/** Bases are read again where the listing changed; what is of the future may count the next time. */
const basesReader = (app: App) => {
  const { primary } = app.stores;
  const kept = whileSame<Bases>();
  return async (target: string, now: Date): Promise<Bases> => {
    const print = printOf(await listed(primary, baseFolder(target)), isManifest);
    return kept(target, print, now, async () => {
      const bases = await readBases(app, primary, target);
      const lasts = bases.broken.every(({ error }) => error.code !== 'archive.future');
      return { value: bases, lasts };
    });
  };
};

/** Histories never change, so each is read once. */
const ancestorsReader = (app: App) => {
  const known = new Map<string, readonly TimelineSwitch[]>();
  return async (target: string, name: HistoryName): Promise<readonly TimelineSwitch[]> => {
    const before = known.get(name.mac);
    if (before) return before;
    const { log } = logOf(app.plan, target);
    const ancestors = log.ancestors(await readHistory(placeOf(app, target), name));
    known.set(name.mac, ancestors);
    return ancestors;
  };
};

const linesReader = (app: App) => {
  const [readStretches, ancestorsOf] = [stretchesReader(), ancestorsReader(app)];
  return async (target: string, bases: readonly Base[], now: Date): Promise<readonly BaseOnLine[]> => {
    const lines: BaseOnLine[] = [];
    const bySystem = new Map<string, Stretches>();
    for (const { manifest } of bases) {
      const facts = factsOf(manifest);
      const { system, timeline, start } = facts;
      const found = bySystem.get(system) ?? (await readStretches(placeOf(app, target), system, now));
      bySystem.set(system, found);
      const { pieces, histories } = found;
      const line = await newestLine(histories, (name) => ancestorsOf(target, name), {
        timeline,
        from: start,
      });
      lines.push({ facts, finishedAt: manifest.finishedAt, line, pieces });
    }
    return lines;
  };
};

/** The primary store is needed for everything else as well; another one may be away. */
const isFatal = (app: App, error: unknown): boolean =>
  !isBackupError(error) ||
  error.code === 'run.interrupted' ||
  (isOfStore(error) && app.stores.replicas.length === 0);

const isOfStore = ({ code }: BackupError): boolean => code.startsWith('store.');

/** Reads what the stores know of the log of targets, which lies where the plan has it: S3 where there is one. */
export const logStateReader = (app: App): ReadLogState => {
  const [basesOf, linesOf] = [basesReader(app), linesReader(app)];
  const read = async ({ name }: Target, now: Date): Promise<LogState> => {
    const { bases, broken: setAside } = await basesOf(name, now);
    const lines = await linesOf(name, bases, now);
    return {
      windows: instantsOf(lines, now),
      holes: holesAfter(lines),
      bases: bases.length,
      newestBase: bases.at(-1)?.manifest.startedAt,
      setAside,
    };
  };
  return async (target, now) => {
    if (!target.pointInTime) return {};
    try {
      return { log: await read(target, now) };
    } catch (error) {
      if (isFatal(app, error)) throw error;
      app.run.log.warn({ target: target.name, problem: messageOf(error) }, 'the log could not be read');
      return { logProblem: error as BackupError };
    }
  };
};
