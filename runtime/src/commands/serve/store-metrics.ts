import type { metrics } from '../../contract/metrics.ts';
import { unixSeconds } from '../../core/times.ts';
import type { CopyState, StoreState } from '../../health/store-state.ts';
import type { MetricTable, Value } from '../../metrics/table.ts';

type Metrics = typeof metrics;

/** Metrics of a store: those with its label. */
export type StoreMetrics = {
  [Id in keyof Metrics as 'store' extends Metrics[Id]['labels'][number] ? Id : never]: Metrics[Id];
};

/** Of the archives of each target in a replica. */
const perCopy =
  (measure: (copy: CopyState) => Value) =>
  ({ copies }: StoreState) =>
    copies.map((copy) => ({ labels: { target: copy.target }, value: measure(copy) }));

/** How each metric of a store follows from its state. */
export const storeMetrics: MetricTable<StoreMetrics, StoreState, 'store'> = {
  storeUp: ({ up }) => up,
  storeBytes: ({ archiveBytes }) => archiveBytes,
  storeFreeBytes: ({ space }) => space?.freeBytes,
  storeSizeBytes: ({ space }) => space?.totalBytes,
  storeFullSeconds: ({ fullSeconds }) => fullSeconds,
  replicaMissing: perCopy(({ missing }) => missing),
  replicaPoint: perCopy(({ newest }) => unixSeconds(newest)),
};
