import { kubernetesMetrics } from '../../runtime/src/contract/kubernetes-metrics.ts';
import { metrics, pushedMetrics, receiverMetrics, type Metric } from '../../runtime/src/contract/metrics.ts';
import { table } from './markdown.ts';

const codes = (names: readonly string[]): string => names.map((name) => `\`${name}\``).join(', ');

const metricTable = (listed: Readonly<Record<string, Metric>>): string =>
  table(
    ['metric', 'labels', 'unit', 'what it is'],
    Object.values(listed).map(({ name, labels, unit, help }) => [`\`${name}\``, codes(labels), unit, help]),
  );

/** Metrics of `grill-backup serve`. */
export const exporterMetrics = (listed: Readonly<Record<string, Metric>> = metrics): string =>
  metricTable(listed);

/** Metrics that a run pushes to a Pushgateway. */
export const jobMetrics = (): string => metricTable(pushedMetrics);

/** Metrics of `grill-backup receive`. */
export const logMetrics = (): string => metricTable(receiverMetrics);

/** Metrics of kube-state-metrics that alerts and dashboards select. */
export const clusterMetrics = (): string =>
  table(
    ['metric', 'labels'],
    Object.entries(kubernetesMetrics).map(([name, labels]) => [`\`${name}\``, codes(labels)]),
  );
