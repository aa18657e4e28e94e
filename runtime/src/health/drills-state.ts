import type { Verification } from '../archives/manifest.ts';
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

const ofRecord = ({ finishedAt, ok, figures }: RunRecord): Drill =>
  drill(finishedAt, ok, figures['restoreSeconds']);

/**
 * What drills of a target found. Archives remember theirs for as long as they are kept, which is longer than records are;
 * only records tell of drills that could not run. Pure.
 * @param verifications drills that archives remember
 * @param runs of drills
 */
export const drillsState = (
  verifications: readonly Verification[],
  runs: readonly RunRecord[],
): DrillsState => {
  const remembered = verifications.map(({ at, ok, seconds }) => drill(at, ok, seconds));
  const recorded = runs.map(ofRecord);
  const drills = [...remembered, ...recorded].toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const good = drills.filter(({ ok }) => ok);
  return {
    last: drills.at(-1),
    lastGood: good.at(-1),
    measuredSeconds: good.findLast(({ seconds }) => seconds !== undefined)?.seconds,
  };
};
