import { unixSeconds } from '../../core/times.ts';
import { drillsOf } from '../../archives/facts.ts';
import { commandOf, type RunRecord } from '../../runs/records.ts';
import { sample, type Sample } from '../../metrics/sample.ts';
import type { TargetState } from '../../health/target-state.ts';

interface Drill {
  readonly at: string;
  readonly ok: boolean;
  /** How long the restore took; absent where it failed. */
  readonly seconds?: number | undefined;
}

/** Drills that said something about an archive. */
const ofArchives = ({ archives }: TargetState): readonly Drill[] =>
  drillsOf(archives.map(({ manifest }) => manifest));

/** Records also tell of drills that could not run at all. */
const ofRuns = (runs: readonly RunRecord[]): readonly Drill[] =>
  runs
    .filter((run) => commandOf(run) === 'drill')
    .map(({ finishedAt: at, ok, figures }) => ({ at, ok, seconds: secondsIn(figures['restoreSeconds']) }));

const secondsIn = (figure: unknown): number | undefined => (typeof figure === 'number' ? figure : undefined);

/** Metrics of a target's drills. An archive remembers for as long as it is kept, which is longer than records are. */
export const drillSamples = (state: TargetState): readonly Sample[] => {
  const { name: target } = state.target;
  const drills = [...ofArchives(state), ...ofRuns(state.runs)].toSorted((a, b) => (a.at < b.at ? -1 : 1));
  const [last, good] = [drills.at(-1), drills.findLast(({ ok }) => ok)];
  return [
    ...sample('lastDrill', { target }, unixSeconds(last?.at)),
    ...sample('drillSuccess', { target }, last?.ok),
    ...sample('drillSucceeded', { target }, unixSeconds(good?.at)),
    ...sample(
      'measuredRto',
      { target },
      drills.findLast(({ ok, seconds }) => ok && seconds !== undefined)?.seconds,
    ),
  ];
};
