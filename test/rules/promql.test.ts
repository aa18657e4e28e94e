import { describe, expect, test } from '@jest/globals';
import { metrics } from '../../runtime/src/contract/metrics.ts';
import { at, environmentNames, environmentOf, find, objectsOf } from '../kit/environments.ts';
import { foreignMetrics, metricsIn } from '../kit/promql.ts';

const known = [...Object.values(metrics).map(({ name }) => name as string), ...foreignMetrics];

interface Rule {
  readonly alert: string;
  readonly expr: string;
}
interface Panel {
  readonly title: string;
  readonly targets?: readonly { readonly expr: string }[];
}

describe.each(environmentNames)('%s', (name) => {
  const objects = objectsOf(environmentOf(name));
  const rules: Rule[] = at(find(objects, 'PrometheusRule', 'backup-alerts'), 'spec.groups').flatMap(
    ({ rules }: { rules: Rule[] }) => rules,
  );
  const board = JSON.parse(
    at(find(objects, 'ConfigMap', 'backup-monitoring-dashboard'), 'data')['backup-monitoring.json'],
  );
  const panels = (board.panels as Panel[]).flatMap(({ title, targets = [] }) =>
    targets.map(({ expr }) => [title, expr] as const),
  );

  test.each(rules.map(({ alert, expr }) => [alert, expr] as const))(
    'alert %s selects metrics that exist',
    (_, expr) => {
      const used = metricsIn(expr);
      expect(used).not.toEqual([]);
      expect(used.filter((metric) => !known.includes(metric))).toEqual([]);
    },
  );

  test.each(panels)('panel %s selects metrics that exist', (_, expr) => {
    const used = metricsIn(expr);
    expect(used).not.toEqual([]);
    expect(used.filter((metric) => !known.includes(metric))).toEqual([]);
  });

  test('every panel with data has a query', () => {
    expect(panels.length).toBe(9);
  });
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
