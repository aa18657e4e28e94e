import { expect, test } from '@jest/globals';
import { dashboard } from '../../../dashboards/index.ts';
import { at, environmentOf, find, objectsOf } from '../../kit/environments.ts';

const built = dashboard({ namespace: 'grill-stats', platform: 'grill-stats', runbookUrl: 'https://runbook' });
const panels = (built.panels ?? []) as {
  title?: string;
  type: string;
  gridPos?: { x: number; y: number; w: number; h: number };
  datasource?: object;
}[];

test('is reached at /d/backup-monitoring and loaded by the sidecar', () => {
  const configMap = find(objectsOf(environmentOf('prod')), 'ConfigMap', 'backup-monitoring-dashboard');
  expect(configMap.metadata.labels).toMatchObject({ grafana_dashboard: '1' });
  expect(JSON.parse(at(configMap, 'data')['backup-monitoring.json'])).toMatchObject({
    uid: 'backup-monitoring',
    timezone: 'utc',
  });
});

test('shows state first, then history and storage', () => {
  expect(panels.map(({ title }) => title)).toEqual([
    'State', 'Age of the newest backup, of its RPO', 'Verified', 'Drilled', 'Job success rate',
    'History', 'Duration', 'Archive size', 'Source size',
    'Storage', 'Free space', 'Archives kept',
  ]); // prettier-ignore
});

test('takes the data source from its variable', () => {
  expect(built.templating?.list).toMatchObject([
    { name: 'datasource', type: 'datasource', query: 'prometheus' },
  ]);
  for (const panel of panels.filter(({ type }) => type !== 'row'))
    expect(panel.datasource).toEqual({ type: 'prometheus', uid: '${datasource}' });
});

test('no two panels overlap', () => {
  const cells = panels.flatMap(({ gridPos }) =>
    Array.from(
      { length: gridPos!.w * gridPos!.h },
      (_, index) => `${gridPos!.x + (index % gridPos!.w)},${gridPos!.y + Math.floor(index / gridPos!.w)}`,
    ),
  );
  expect(new Set(cells).size).toBe(cells.length);
});
