import { nextRun } from '../plan/cron.ts';
import { parseDuration } from '../core/units.ts';
import type { Target } from '../plan/schema.ts';
import { findLock, type FoundLock } from '../runs/lock-state.ts';
import { indexOnce } from '../archives/known.ts';
import type { App } from '../session/app.ts';
import { archivesStateReader, type ArchivesState } from './archives-state.ts';
import { drillsState, type DrillsState } from './drills-state.ts';
import { runsStateReader, type RunsState } from './runs-state.ts';

/** A lock that is not free. */
export interface TakenLock extends FoundLock {
  readonly state: Exclude<FoundLock['state'], 'released'>;
}

const isTaken = (lock: FoundLock | undefined): lock is TakenLock =>
  lock !== undefined && lock.state !== 'released';

/** All that is known of a target: what every command, metric and notification says of it comes from here. */
export interface TargetState extends ArchivesState, RunsState {
  readonly drills: DrillsState;
  /** Whether the last drill restored within the RTO; absent where there was none. */
  readonly withinRto?: boolean | undefined;
  /** Absent while it is free. */
  readonly lock?: TakenLock | undefined;
  /** When the schedule starts the next backup; absent where it never does. */
  readonly nextRunAt?: string | undefined;
}

const meets = ({ last }: DrillsState, rtoSeconds: number): boolean | undefined =>
  last && last.ok && last.seconds !== undefined && last.seconds <= rtoSeconds;

/** What follows from all that was read of a target. Pure. */
export const targetState = (
  archives: ArchivesState,
  runs: RunsState,
  lock: FoundLock | undefined,
  now: Date,
): TargetState => {
  const { target } = archives;
  const drills = drillsState(archives.drilled, runs.drillRuns);
  return {
    ...archives,
    ...runs,
    drills,
    withinRto: meets(drills, parseDuration(target.rto)),
    lock: isTaken(lock) ? lock : undefined,
    nextRunAt: nextRun(target.schedule, now)?.toISOString(),
  };
};

export type ReadTargetState = (target: Target, now: Date) => Promise<TargetState>;

/** Reads the state of targets from the primary store; what is read again costs listings, a lock, and what is new. */
export const targetReader = (app: App): ReadTargetState => {
  const [readArchives, readRuns] = [archivesStateReader(app), runsStateReader(app)];
  const { primary } = app.stores;
  return async (target, now) => {
    const index = indexOnce(app, primary, target.name);
    const [archives, runs, lock] = await Promise.all([
      readArchives(target, now, index),
      readRuns(target.name, now, index),
      findLock(primary, target.name, now),
    ]);
    return targetState(archives, runs, lock, now);
  };
};
