import type { App } from '../app.ts';
import { programVersion } from '../version.ts';
import { archiveSamples } from './archive-samples.ts';
import { drillSamples } from './drill-samples.ts';
import { runSamples } from './run-samples.ts';
import { sample, type Sample } from './sample.ts';
import type { State } from './state.ts';
import { storeSamples } from './store-samples.ts';

/** Channel → whether the newest notification on it was delivered. */
const notified = ({ targets }: State): Readonly<Record<string, boolean>> => {
  const runs = targets.flatMap((target) => target.runs);
  const oldestFirst = runs.toSorted((a, b) => (a.finishedAt < b.finishedAt ? -1 : 1));
  return Object.assign({}, ...oldestFirst.map((run) => run.notified ?? {})) as Record<string, boolean>;
};

/** All metrics of a state; a metric without a value is left out. */
export const samplesOf = (app: App, state: State, refreshSeconds: number): readonly Sample[] => [
  ...state.targets.flatMap((target) => [
    ...archiveSamples(app, target, state.at),
    ...drillSamples(target),
    ...runSamples(target),
  ]),
  ...state.stores.flatMap(storeSamples),
  ...Object.entries(notified(state)).flatMap(([channel, ok]) => sample('notified', { channel }, ok)),
  ...sample('buildInfo', { version: programVersion }, 1),
  ...sample('refreshed', {}, state.at.getTime() / 1000),
  ...sample('refreshDuration', {}, refreshSeconds),
];
