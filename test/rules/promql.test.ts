import { describe, expect, test } from '@jest/globals';
import { kubernetesMetrics } from '../../runtime/src/contract/kubernetes-metrics.ts';
import {
  environmentLabel,
  metrics,
  receiverMetrics,
  type Metric,
} from '../../runtime/src/contract/metrics.ts';
import type { KubernetesObject } from '../../src/constructs/backup-system.ts';
import type { Environment } from '../../src/environment/environment.ts';
import { at, environmentNames, environmentOf, objectsOf } from '../kit/environments.ts';
import { foreignMetrics, metricsIn, referencesIn } from '../kit/promql.ts';

/** What Prometheus itself adds when it scrapes by a ServiceMonitor or PodMonitor. */
const scrapeLabels = ['namespace'];

const own = Object.values<Metric>({ ...metrics, ...receiverMetrics }).map(
  ({ name, labels }) => [name, [...labels, environmentLabel, ...scrapeLabels]] as const,
);

/** Labels of every metric that may be selected. */
const known = new Map<string, readonly string[]>([...own, ...Object.entries(kubernetesMetrics)]);

interface Rule {
  readonly alert: string;
  readonly expr: string;
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}
type Named = readonly [name: string, expr: string];

const rulesIn = (object: KubernetesObject): readonly Named[] =>
  (at(object, 'spec.groups') as { rules: Rule[] }[])
    .flatMap(({ rules }) => rules)
    .map(({ alert, expr }) => [`alert ${alert}`, expr]);

const panelsIn = (object: KubernetesObject): readonly Named[] =>
  Object.values<string>(at(object, 'data')).flatMap((json) =>
    (JSON.parse(json).panels as Panel[]).flatMap(({ title, targets = [] }) =>
      targets.map(({ expr }): Named => [`panel ${title}`, expr]),
    ),
  );

/** Every expression of an environment's rules and dashboards. */
const expressionsOf = (environment: Environment): readonly Named[] =>
  objectsOf(environment).flatMap((object) => {
    if (object.kind === 'PrometheusRule') return rulesIn(object);
    return object.kind === 'ConfigMap' && object.metadata.labels?.['grafana_dashboard']
      ? panelsIn(object)
      : [];
  });

/** What an expression refers to that nobody publishes. */
const unknownIn = (expr: string): readonly string[] => {
  const { selectors, grouping, made } = referencesIn(expr);
  const labels = new Set([...selectors.flatMap(({ metric }) => known.get(metric) ?? []), ...made]);
  return [
    ...selectors.filter(({ metric }) => !known.has(metric)).map(({ metric }) => metric),
    ...selectors.flatMap(({ metric, labels: used }) =>
      used.filter((label) => !known.get(metric)?.includes(label)).map((label) => `${metric}{${label}}`),
    ),
    ...grouping.filter((label) => !labels.has(label)),
  ];
};

describe.each(environmentNames)('%s', (name) => {
  const expressions = expressionsOf(environmentOf(name));

  test('has rules and panels', () => {
    expect(expressions.filter(([each]) => each.startsWith('alert')).length).toBeGreaterThan(20);
    expect(expressions.filter(([each]) => each.startsWith('panel')).length).toBeGreaterThan(9);
  });

  test.each(expressions)('%s selects metrics and labels that exist', (_, expr) => {
    expect(metricsIn(expr)).not.toEqual([]);
    expect(unknownIn(expr)).toEqual([]);
  });
});

test('no metric of kube-state-metrics is listed that nothing uses', () => {
  const used = new Set(expressionsOf(environmentOf('prod')).flatMap(([, expr]) => metricsIn(expr)));
  expect(foreignMetrics.filter((metric) => !used.has(metric))).toEqual([]);
});

test('the check finds what is no PromQL, and what nobody publishes', () => {
  expect(() => metricsIn('sum by (target (up)')).toThrow(/no PromQL at/);
  expect(
    unknownIn('max by (cronjob) (grill_backup_rpo_seconds{tier="daily"}) * on (job) node_load1'),
  ).toEqual(['node_load1', 'grill_backup_rpo_seconds{tier}', 'cronjob', 'job']);
});
