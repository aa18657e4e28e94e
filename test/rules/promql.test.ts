import { describe, expect, test } from '@jest/globals';
import { metrics } from '../../runtime/src/contract/metrics.ts';
import { at, environmentNames, environmentOf, find, objectsOf } from '../kit/environments.ts';
import { foreignMetrics, metricsIn } from '../kit/promql.ts';

const known = [...Object.values(metrics).map(({ name }) => name as string), ...foreignMetrics];

interface Rule {
  readonly alert: string;
  readonly expr: string;
}

describe.each(environmentNames)('%s', (name) => {
  const objects = objectsOf(environmentOf(name));
  const rules: Rule[] = at(find(objects, 'PrometheusRule', 'backup-alerts'), 'spec.groups').flatMap(
    ({ rules }: { rules: Rule[] }) => rules,
  );
  test.each(rules.map(({ alert, expr }) => [alert, expr] as const))(
    'alert %s selects metrics that exist',
    (_, expr) => {
      const used = metricsIn(expr);
      expect(used).not.toEqual([]);
      expect(used.filter((metric) => !known.includes(metric))).toEqual([]);
    },
  );
});

test('no metric is listed that nothing uses', () => {
  const objects = objectsOf(environmentOf('prod'));
  const text = JSON.stringify(
    objects.filter(({ kind }) => kind === 'PrometheusRule' || kind === 'ConfigMap'),
  );
  expect(foreignMetrics.filter((metric) => !text.includes(metric))).toEqual([]);
});

test('the parser finds what is no PromQL', () => {
  expect(() => metricsIn('sum by (target (up)')).toThrow(/no PromQL at/);
});
