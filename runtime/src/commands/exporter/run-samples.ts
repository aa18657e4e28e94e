import { saysSomething, type RunRecord } from '../../catalog/runs.ts';
import { sample, unixSeconds, type Sample } from './sample.ts';
import type { TargetState } from './state.ts';

/** What a run is called in metrics: a drill proves something else than reading does, and runs on days of its own. */
export const commandOf = ({ command, figures }: RunRecord): string =>
  command === 'verify' && figures['level'] === 'drill' ? 'drill' : command;

/** Metrics of one run; also what a Job pushes. */
export const ofRun = (run: RunRecord): readonly Sample[] => {
  const labels = { target: run.target, command: commandOf(run) };
  const seconds = (Date.parse(run.finishedAt) - Date.parse(run.startedAt)) / 1000;
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
