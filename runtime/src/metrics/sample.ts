import type { Metric } from '../contract/metrics.ts';

/** One value of a metric. */
export interface Sample {
  readonly metric: Metric;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}
