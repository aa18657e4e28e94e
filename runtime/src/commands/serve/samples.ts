import { channelsOf } from '../../notify/config.ts';
import type { App } from '../../session/app.ts';
import { programVersion } from '../../core/version.ts';
import { archiveSamples } from './archive-samples.ts';
import { drillSamples } from './drill-samples.ts';
import { runSamples } from './run-samples.ts';
import { sample, type Sample } from '../../metrics/sample.ts';
import type { State } from '../../health/target-state.ts';
import { storeSamples } from './store-samples.ts';

/** Whether the newest notification on each channel of the plan was delivered. */
const notified = ({ plan }: App, { targets }: State): readonly Sample[] => {
  const runs = targets.flatMap((target) => target.runs);
  const newestFirst = runs.toSorted((a, b) => (a.finishedAt < b.finishedAt ? 1 : -1));
  return Object.keys(channelsOf(plan.notifications)).flatMap((channel) => {
    const told = newestFirst.find((run) => run.notified?.[channel] !== undefined);
    return sample('notified', { channel }, told?.notified?.[channel]);
  });
};

/** All metrics of a state; a metric without a value is left out. */
export const samplesOf = (app: App, state: State, refreshSeconds: number): readonly Sample[] => [
  ...state.targets.flatMap((target) => [
    ...archiveSamples(app, target, state.at),
    ...drillSamples(target),
    ...runSamples(target),
  ]),
  ...state.stores.flatMap(storeSamples),
  ...notified(app, state),
  ...sample('buildInfo', { version: programVersion }, 1),
  ...sample('refreshed', {}, state.at.getTime() / 1000),
  ...sample('refreshDuration', {}, refreshSeconds),
];
