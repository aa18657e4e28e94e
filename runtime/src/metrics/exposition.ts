import { Gauge, prometheusContentType, Registry, openMetricsContentType } from 'prom-client';
import { environmentLabel, type Metric } from '../contract/metrics.ts';
import type { Sample } from './sample.ts';

/** Text formats of metrics. https://prometheus.io/docs/instrumenting/exposition_formats/ */
export const formats = { prometheus: prometheusContentType, openMetrics: openMetricsContentType } as const;

export type Format = keyof typeof formats;

/** Weight that an Accept header gives a media type; 0 where it is not named. RFC 9110, section 12.5.1 */
const weightOf = (accept: string, type: string): number => {
  const ranges = accept.split(',').map((range) => range.trim().toLowerCase());
  const weights = ranges
    .filter((range) => range.startsWith(type))
    .map((range) => Number(/;\s*q=([\d.]+)/.exec(range)?.[1] ?? 1));
  return Math.max(0, ...weights);
};

/** OpenMetrics for those who ask for it at least as much as for plain text. */
export const formatFor = (accept = ''): Format => {
  const [open, plain] = [weightOf(accept, 'application/openmetrics-text'), weightOf(accept, 'text/plain')];
  return open > 0 && open >= plain ? 'openMetrics' : 'prometheus';
};

/** Samples as text, each with the label `environment`. */
export const expose = (samples: readonly Sample[], environment: string, format: Format): Promise<string> => {
  const registry = new Registry();
  if (format === 'openMetrics') registry.setContentType(formats.openMetrics as never); // typed for its other format only
  registry.setDefaultLabels({ [environmentLabel]: environment });
  const gauges = new Map<Metric, Gauge>();
  for (const { metric, labels, value } of samples) {
    const { name, help, labels: labelNames } = metric;
    const gauge = gauges.get(metric) ?? new Gauge({ name, help, labelNames, registers: [registry] });
    gauges.set(metric, gauge);
    gauge.set(labels, value);
  }
  return registry.metrics();
};
