import { metrics } from '../../contract/metrics.ts';
import type { Sample } from '../../metrics/sample.ts';
import { samplesFrom } from '../../metrics/table.ts';
import { exporterMetrics, type Reading } from './exporter-metrics.ts';
import { storeMetrics } from './store-metrics.ts';
import { targetMetrics } from './target-metrics.ts';

/** All metrics of a reading; a metric without a value is left out. */
export const samplesOf = (reading: Reading): readonly Sample[] => [
  ...reading.state.targets.flatMap((state) =>
    samplesFrom(metrics, targetMetrics, { target: state.target.name }, state),
  ),
  ...reading.state.stores.flatMap((state) =>
    samplesFrom(metrics, storeMetrics, { store: state.location }, state),
  ),
  ...samplesFrom(metrics, exporterMetrics, {}, reading),
];
