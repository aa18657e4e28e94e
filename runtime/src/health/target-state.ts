import { nextRun } from '../plan/cron.ts';
import { latestOf, secondsSince } from '../core/times.ts';
import { parseDuration } from '../core/units.ts';
import type { Target } from '../plan/schema.ts';
import { lockFinder, type FoundLock } from '../runs/lock-state.ts';
import type { App } from '../session/app.ts';
import {
  archivesIn,
  archivesStateReader,
  type ArchivesState,
  type CountedArchive,
} from './archives-state.ts';
import { drillsState, logDrillsState, type DrillsState, type LogDrillsState } from './drills-state.ts';
import { indexedOnce } from './indexed.ts';
import { logStateReader, type KnownLog } from './log-state.ts';
import { runsStateReader, type RunsState } from './runs-state.ts';

/** A lock that is not free. */
export interface TakenLock extends FoundLock {
  readonly state: Exclude<FoundLock['state'], 'released'>;
}

const isTaken = (lock: FoundLock | undefined): lock is TakenLock =>
  lock !== undefined && lock.state !== 'released';

/** All that is known of a target: what every command, metric and notification says of it comes from here. */
export interface TargetState extends ArchivesState, RunsState, KnownLog, Recoverable {
  /** Archives that count, oldest first; read anew whenever they are asked for. */
  readonly archives: readonly CountedArchive[];
  readonly drills: DrillsState;
  readonly logDrills: LogDrillsState;
  /** Whether the last drill restored within the RTO; absent where there was none. */
  readonly withinRto?: boolean | undefined;
  /** Absent while it is free. */
  readonly lock?: TakenLock | undefined;
  /** When the schedule starts the next backup; absent where it never does. */
  readonly nextRunAt?: string | undefined;
}

/** How a target stands against its RPO. */
export interface Recoverable {
  /** The start of the newest backup, or the end of the log that can be restored where that is later; absent without either. */
  readonly recoveryPoint?: string | undefined;
  /** What a loss now would lose: time since the recovery point. */
  readonly ageSeconds?: number | undefined;
  /** False where there is no recovery point, or it is older than the RPO. */
  readonly withinRpo: boolean;
}

/** What an archive or the log can bring back, against the objective. Pure. */
export const recoverable = (
  { target, newest }: Pick<ArchivesState, 'target' | 'newest'>,
  { log }: KnownLog,
  now: Date,
): Recoverable => {
  const points = [newest?.manifest.startedAt, log?.windows.at(-1)?.to];
  const recoveryPoint = latestOf(points.filter((point) => point !== undefined));
  const ageSeconds = recoveryPoint === undefined ? undefined : secondsSince(recoveryPoint, now);
  const withinRpo = ageSeconds !== undefined && ageSeconds <= parseDuration(target.rpo);
  return { recoveryPoint, ageSeconds, withinRpo };
};

const meets = ({ last }: DrillsState, rtoSeconds: number): boolean | undefined =>
  last && last.ok && last.seconds !== undefined && last.seconds <= rtoSeconds;

/** What follows from all that was read of a target. Pure. */
export const targetState = (
  archives: ArchivesState,
  runs: RunsState,
  lock: FoundLock | undefined,
  log: KnownLog,
  now: Date,
): TargetState => {
  const { target } = archives;
  const drills = drillsState(archives.drilled, runs.drillRuns);
  return {
    ...archives,
    ...runs,
    ...log,
    ...recoverable(archives, log, now),
    get archives() {
      return archivesIn(archives);
    },
    drills,
    logDrills: logDrillsState(runs.drillRuns),
    withinRto: meets(drills, parseDuration(target.rto)),
    lock: isTaken(lock) ? lock : undefined,
    nextRunAt: nextBackup(target, now)?.toISOString(),
  };
};

/** The next by either schedule. */
const nextBackup = ({ schedule, increments }: Target, now: Date): Date | undefined =>
  [schedule, ...(increments ? [increments.schedule] : [])]
    .map((each) => nextRun(each, now))
    .filter((time) => time !== undefined)
    .toSorted((a, b) => a.getTime() - b.getTime())[0];

export type ReadTargetState = (target: Target, now: Date) => Promise<TargetState>;

/** Reads the state of targets from the primary store, and their logs; what is read again costs listings, a lock, and what is new. */
export const targetReader = (app: App): ReadTargetState => {
  const [readArchives, readRuns, readLog] = [
    archivesStateReader(app),
    runsStateReader(app),
    logStateReader(app),
  ];
  const find = lockFinder(app.stores.primary);
  return async (target, now) => {
    const indexed = indexedOnce(app, target);
    const [archives, runs, lock, log] = await Promise.all([
      readArchives(target, now, indexed),
      readRuns(target, now, indexed),
      find(target.name, now),
      readLog(target, now),
    ]);
    return targetState(archives, runs, lock, log, now);
  };
};
