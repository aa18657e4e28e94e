import type { Verification } from '../archives/manifest.ts';
import { latestOf } from '../core/times.ts';
import type { RunRecord } from '../runs/records.ts';

/** A restore into a scratch server. */
export interface Drill {
  readonly at: string;
  readonly ok: boolean;
  /** How long the restore took; absent where it failed. */
  readonly seconds?: number | undefined;
}

export interface DrillsState {
  /** The latest that was tried, also where it could not run. */
  readonly last?: Drill | undefined;
  /** The latest that succeeded. */
  readonly lastGood?: Drill | undefined;
  /** How long the restore took in the latest that succeeded and measured it. */
  readonly measuredSeconds?: number | undefined;
}

const drill = (at: string, ok: boolean, seconds: unknown): Drill => ({
  at,
  ok,
  ...(ok && typeof seconds === 'number' && { seconds }),
});

/** A run also drills instants of the log, which say nothing of its archives. */
const isOkOfArchives = ({ ok, figures: { failed, instantsFailed } }: RunRecord): boolean =>
  ok || (typeof failed === 'number' && failed > 0 && failed === instantsFailed);

const ofRecord = (record: RunRecord): Drill =>
  drill(record.finishedAt, isOkOfArchives(record), record.figures['restoreSeconds']);

const stateOf = (drills: readonly Drill[]): DrillsState => {
  const sorted = drills.toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const good = sorted.filter(({ ok }) => ok);
  return {
    last: sorted.at(-1),
    lastGood: good.at(-1),
    measuredSeconds: good.findLast(({ seconds }) => seconds !== undefined)?.seconds,
  };
};

/**
 * What drills of a target found. Archives remember theirs for as long as they are kept, which is longer than records are;
 * only records tell of drills that could not run. Pure.
 * @param verifications drills that archives remember
 * @param runs of drills
 */
export const drillsState = (
  verifications: readonly Verification[],
  runs: readonly RunRecord[],
): DrillsState =>
  stateOf([...verifications.map(({ at, ok, seconds }) => drill(at, ok, seconds)), ...runs.map(ofRecord)]);

/** Recoveries to instants of the log. */
export interface LogDrillsState extends DrillsState {
  /** When one last had the very data of an archive. */
  readonly agreedAt?: string | undefined;
}

/** What drills found of the log of a target. Pure. @param runs of drills, in any order */
export const logDrillsState = (runs: readonly RunRecord[]): LogDrillsState => {
  const tried = runs.filter(({ figures }) => figures['instantsFailed'] !== undefined);
  const drills = tried.map(({ finishedAt, figures: { instantsFailed, instantSeconds } }) =>
    drill(finishedAt, instantsFailed === 0, instantSeconds),
  );
  const agreed = tried.filter(({ figures }) => figures['agreed'] !== undefined);
  return { ...stateOf(drills), agreedAt: latestOf(agreed.map(({ finishedAt }) => finishedAt)) };
};
