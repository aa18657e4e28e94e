import { metrics, type LabelsOf, type Metric, type MetricId } from '../contract/metrics.ts';

/** One value of a metric. */
export interface Sample {
  readonly metric: Metric;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** A value with exactly the labels of its metric; none where there is no value. */
export const sample = <Id extends MetricId>(
  id: Id,
  labels: Readonly<Record<LabelsOf<Id>, string>>,
  value: number | boolean | undefined,
): readonly Sample[] => (value === undefined ? [] : [{ metric: metrics[id], labels, value: Number(value) }]);
