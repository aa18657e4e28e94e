import { secondsTaken, unixSeconds } from '../../core/times.ts';
import { commandOf, saysSomething, type RunRecord } from '../../runs/records.ts';
import { sample, type Sample } from '../../metrics/sample.ts';
import type { TargetState } from '../../health/target-state.ts';

/** Metrics of one run; also what a Job pushes. */
export const ofRun = (run: RunRecord): readonly Sample[] => {
  const labels = { target: run.target, command: commandOf(run) };
  const seconds = secondsTaken(run);
  return [
    ...sample('lastRun', labels, unixSeconds(run.finishedAt)),
    ...sample('lastRunSuccess', labels, run.ok),
    ...sample('lastRunExitCode', labels, run.exitCode),
    ...sample('lastRunDuration', labels, seconds),
  ];
};

/** Nothing is pruned after a backup that failed. */
const isFrozen = (runs: readonly RunRecord[]): boolean =>
  runs.find(({ command }) => command === 'backup')?.ok === false;

/** Metrics of a target's last runs and its lock. */
export const runSamples = ({ target: { name: target }, runs, lock }: TargetState): readonly Sample[] => {
  const telling = runs.filter(saysSomething);
  const byCommand = Map.groupBy(telling, commandOf);
  const taken = lock && lock.state !== 'released' ? lock : undefined;
  return [
    ...[...byCommand.values()].flatMap(([last]) => ofRun(last!)),
    ...sample('retentionFrozen', { target }, isFrozen(telling)),
    ...(taken ? sample('lockTaken', { target, state: taken.state }, unixSeconds(taken.lock?.startedAt)) : []),
  ];
};
