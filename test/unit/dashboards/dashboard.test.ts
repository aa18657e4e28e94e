import { describe, expect, test } from '@jest/globals';
import { dashboards } from '../../../dashboards/index.ts';
import { environmentLabel, metrics, receiverMetrics } from '../../../runtime/src/contract/metrics.ts';
import { planOf } from '../../../src/environment/environment.ts';
import { at, environmentNames, environmentOf, find, objectsOf } from '../../kit/environments.ts';
import { foreignMetrics, metricsIn } from '../../kit/promql.ts';

interface Target {
  readonly expr: string;
  readonly refId: string;
  readonly datasource: object;
}

interface Panel {
  readonly id: number;
  readonly title: string;
  readonly type: string;
  readonly description?: string;
  readonly datasource?: object;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: { readonly unit?: string };
    readonly overrides: readonly Override[];
  };
}

interface Override {
  readonly matcher: { readonly options: string };
  readonly properties: readonly { readonly id: string; readonly value: unknown }[];
}

const plan = planOf(environmentOf('prod'));
const context = {
  namespace: 'grill-stats',
  platform: 'grill-stats',
  runbookUrl: 'https://runbook/RUNBOOK.md',
  plan,
};
const datasource = { type: 'prometheus', uid: '${datasource}' };

/** What Prometheus' operator adds to what it scrapes. */
const scrapeLabels = ['namespace'];
const known = Object.values({ ...metrics, ...receiverMetrics }).map(({ name, labels }) => ({
  name: name,
  labels: [...labels, environmentLabel, ...scrapeLabels] as readonly string[],
}));

const shipped = dashboards(context).map((each) => ({ uid: each.dashboard.uid!, ...each }));

test('are reached at addresses that do not change', () => {
  expect(shipped.map(({ uid }) => uid)).toEqual(['backup-monitoring', 'backup-target']);
});

describe.each(shipped)('dashboard $uid', ({ uid, dashboard, configMap }) => {
  const all = dashboard.panels as unknown as readonly Panel[];
  const panels = all.filter(({ type }) => type !== 'row');

  test.each(environmentNames)(
    'is loaded by the sidecar of %s, and small enough for kubectl apply',
    (name) => {
      const object = find(objectsOf(environmentOf(name)), 'ConfigMap', configMap);
      expect(object.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
      expect(JSON.parse(at(object, 'data')[`${uid}.json`])).toMatchObject({ uid, timezone: 'utc' });
      // kubectl keeps a copy of the object, as JSON, in an annotation: 256 KiB at most
      expect(JSON.stringify(JSON.stringify(object)).length).toBeLessThan(200 * 1024);
    },
  );

  test('begins with whether the data can be recovered', () => {
    expect(all[0]).toMatchObject({ type: 'row', title: 'Can we recover, and to which point?' });
  });

  test('has variables for data source, environment and target, each after those it depends on', () => {
    const variables = dashboard.templating.list as { name: string; query: string; current?: object }[];
    expect(variables.map(({ name }) => name)).toEqual(['datasource', 'environment', 'namespace', 'target']);
    expect(variables[1]!.current).toMatchObject({ value: 'prod' });
    expect(variables[2]!.query).toBe(
      'label_values(grill_backup_rpo_seconds{environment="$environment"}, namespace)',
    );
    expect(variables[3]!.query).toBe(
      'label_values(grill_backup_rpo_seconds{environment="$environment"}, target)',
    );
  });

  test('links to the other dashboard, the runbook and the console of the store', () => {
    const other = shipped.find((each) => each.uid !== uid)!;
    const links = dashboard.links as { url: string }[];
    expect(links.map(({ url }) => url)).toEqual([
      `/d/${other.uid}?var-datasource=\${datasource}&var-environment=\${environment}`,
      'https://runbook/RUNBOOK.md',
      'https://s3.console.aws.amazon.com/s3/buckets/grill-stats-backups?region=us-east-1',
    ]);
  });

  test('every panel has an id of its own', () => {
    const ids = all.map(({ id }) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(Math.min(...ids)).toBe(1);
  });

  test('no two panels have one title', () => {
    const titles = all.map(({ title }) => title);
    expect(new Set(titles).size).toBe(titles.length);
  });

  test('no two panels overlap, and none leaves the page', () => {
    const cells = all.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(cells).size).toBe(cells.length);
    expect(all.filter(({ gridPos: { x, w } }) => x + w > 24)).toEqual([]);
  });

  test.each(panels.map((panel) => [panel.title, panel] as const))(
    'panel %s tells what it shows',
    (_, panel) => {
      expect(panel.description).toMatch(/\.$/);
      expect(panel.datasource).toEqual(datasource);
      for (const target of panel.targets!) expect(target.datasource).toEqual(datasource);
      expect(new Set(panel.targets!.map(({ refId }) => refId)).size).toBe(panel.targets!.length);
      const { defaults, overrides } = panel.fieldConfig!;
      const units =
        panel.type === 'table'
          ? overrides
              .filter(({ properties }) => !properties.some(({ id }) => id === 'links'))
              .map(({ properties }) => properties.find(({ id }) => id === 'unit')?.value)
          : [defaults.unit];
      expect(units.length).toBeGreaterThanOrEqual(panel.type === 'table' ? panel.targets!.length : 1);
      for (const unit of units) expect(unit).toMatch(/^(s|bytes|percentunit|short|none)$/);
    },
  );

  const expressions = panels.flatMap(({ title, targets }) =>
    targets!.map(({ expr }) => [title, expr] as const),
  );

  test.each(expressions)('panel %s asks for metrics and labels that exist: %s', (_, expr) => {
    const used = metricsIn(expr);
    expect(used.length).toBeGreaterThan(0);
    for (const name of used) {
      const metric = known.find((each) => each.name === name);
      if (!metric) expect(foreignMetrics).toContain(name);
      else for (const label of labelsOf(expr, name)) expect(metric.labels).toContain(label);
    }
  });

  test.each(expressions)('panel %s asks for what the variables choose: %s', (_, expr) => {
    for (const name of metricsIn(expr))
      expect(expr).toContain(
        `${name}{${name.startsWith('kube_') ? 'namespace="$namespace"' : 'environment="$environment"'}`,
      );
  });
});

/** Labels by which an expression selects or groups a metric: `max by (a) (name{b="…"})`. */
const labelsOf = (expr: string, name: string): readonly string[] =>
  [...expr.matchAll(new RegExp(`(?:by \\(([\\w, ]+)\\) \\()?${name}\\{([^}]*)\\}`, 'g'))].flatMap(
    ([, grouped = '', selected = '']) => [
      ...grouped.split(/, */).filter(Boolean),
      ...[...selected.matchAll(/(\w+)(?==|!=)/g)].map(([, label]) => label!),
    ],
  );

test('the labels of an expression are found', () => {
  expect(labelsOf('max by (a, b) (m{c="1", d=~"x|y"}) / m{e="2"}', 'm')).toEqual(['a', 'b', 'c', 'd', 'e']);
});

test('rows of the log are there where the plan keeps one, and nowhere else', () => {
  const haveRow = (each: typeof plan) =>
    dashboards({ ...context, plan: each }).map(({ dashboard }) =>
      dashboard.panels!.some(({ title }) => title === 'Point-in-time recovery'),
    );
  expect(haveRow(plan)).toEqual([true, true]);
  expect(haveRow(planOf(environmentOf('dev')))).toEqual([false, false]);
});

test('a store that is no bucket of AWS has no link', () => {
  const [board] = dashboards({ ...context, plan: planOf(environmentOf('dev')) });
  expect((board!.dashboard.links as { title: string }[]).map(({ title }) => title)).toEqual([
    'Backups of grill-stats, one target',
    'Runbook',
  ]);
});
