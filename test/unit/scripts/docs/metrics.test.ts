import { describe, expect, test } from '@jest/globals';
import { clusterMetrics, exporterMetrics, jobMetrics, logMetrics } from '../../../../scripts/docs/metrics.ts';
import { kubernetesMetrics } from '../../../../runtime/src/contract/kubernetes-metrics.ts';
import { metrics, pushedMetrics, receiverMetrics } from '../../../../runtime/src/contract/metrics.ts';

const names = (table: string) => table.match(/(?<=^\| `)[^`]+/gm);

describe('the reference of the metrics', () => {
  test('has every metric of the exporter, a new one too', () => {
    const toy = {
      name: 'grill_backup_toys',
      unit: 'count',
      labels: ['target', 'kind'],
      help: 'Toys.',
    } as const;
    const table = exporterMetrics({ ...metrics, toy });
    expect(names(table)).toEqual([...Object.values(metrics).map(({ name }) => name), toy.name]);
    expect(table).toContain('| `grill_backup_toys` | `target`, `kind` | count | Toys. |');
  });

  test('has every metric that Jobs push, of a receiver, and of the cluster', () => {
    expect(names(logMetrics())).toEqual(Object.values(receiverMetrics).map(({ name }) => name));
    expect(names(jobMetrics())).toEqual(Object.values(pushedMetrics).map(({ name }) => name));
    expect(names(clusterMetrics())).toEqual(Object.keys(kubernetesMetrics));
  });
});
