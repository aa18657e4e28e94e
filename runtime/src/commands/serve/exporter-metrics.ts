import type { metrics } from '../../contract/metrics.ts';
import { programVersion } from '../../core/version.ts';
import { latestFirst } from '../../health/runs-state.ts';
import type { State } from '../../health/state.ts';
import type { MetricTable } from '../../metrics/table.ts';
import { channelsOf } from '../../notify/config.ts';
import type { Plan } from '../../plan/schema.ts';
import type { StoreMetrics } from './store-metrics.ts';
import type { TargetMetrics } from './target-metrics.ts';

type Metrics = typeof metrics;

/** Metrics of no target and no store. */
export type ExporterMetrics = Omit<Metrics, keyof TargetMetrics | keyof StoreMetrics>;

/** One reading of the stores. */
export interface Reading {
  readonly plan: Plan;
  readonly state: State;
  /** How long it took. */
  readonly seconds: number;
}

/** Whether the newest notification on each channel of the plan was delivered. */
const notified = ({ plan, state }: Reading) => {
  const sent = state.targets.flatMap((target) => target.notified).toSorted(latestFirst);
  return Object.keys(channelsOf(plan.notifications)).map((channel) => {
    const newest = sent.find((each) => each.channel === channel);
    return { labels: { channel }, value: newest?.ok };
  });
};

/** How the other metrics follow from a reading. */
export const exporterMetrics: MetricTable<ExporterMetrics, Reading, never> = {
  notified,
  buildInfo: () => [{ labels: { version: programVersion }, value: 1 }],
  refreshedAt: ({ state }) => state.at.getTime() / 1000,
  refreshDuration: ({ seconds }) => seconds,
};
