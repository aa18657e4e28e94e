import { expect, test } from '@jest/globals';
import { targetMetrics } from '../../../runtime/src/commands/serve/target-metrics.ts';
import { metrics, type Metric } from '../../../runtime/src/contract/metrics.ts';
import { stateReader } from '../../../runtime/src/health/state.ts';
import type { TargetState } from '../../../runtime/src/health/target-state.ts';
import { expose } from '../../../runtime/src/metrics/exposition.ts';
import { samplesFrom, type MetricTable } from '../../../runtime/src/metrics/table.ts';
import type { Store } from '../../../runtime/src/store/store.ts';
import { redisTarget, testApp } from '../../kit/app.ts';
import { beforeEachStore } from '../../kit/fresh-store.ts';
import { simulateBackup } from '../../kit/simulated-runs.ts';

let store: Store;
beforeEachStore((fresh) => (store = fresh));

test('a metric is a line of the contract and a line of the table', async () => {
  const app = testApp({
    stores: { primary: store, replicas: [] },
    targets: [redisTarget({ host: '127.0.0.1', port: 6379 })],
  });
  for (const failure of [undefined, 'source.refused'] as const)
    await simulateBackup(app, 'redis', { at: new Date(), ...(failure && { failure }) });
  const toy = { name: 'grill_backup_failures', unit: 'count', labels: ['target', 'command'], help: 'Last runs that failed.' } as const; // prettier-ignore

  const withToy = { ...metrics, toy };
  const table = {
    ...targetMetrics,
    toy: ({ lastRuns }: Pick<TargetState, 'lastRuns'>) =>
      lastRuns.map(([command, { ok }]) => ({ labels: { command }, value: Number(!ok) })),
  };

  const [state] = (await stateReader(app)()).targets;
  const text = await expose(samplesFrom(withToy, table, { target: 'redis' }, state!), 'test', 'prometheus');
  expect(text).toContain('# HELP grill_backup_failures Last runs that failed.');
  expect(text).toContain('grill_backup_failures{target="redis",command="backup",environment="test"} 1\n');
  expect(text).toContain('grill_backup_archives{target="redis",tier="daily",environment="test"} 1\n');
});

const toys = {
  plain: { name: 'toy_plain', unit: 'count', labels: ['target'], help: '' },
  byTier: { name: 'toy_by_tier', unit: 'count', labels: ['target', 'tier'], help: '' },
} as const satisfies Record<string, Metric>;

type Table = MetricTable<typeof toys, number | undefined, 'target'>;

test('a value that is not known has no sample, and a truth is 1 or 0', () => {
  const table: Table = {
    plain: (state) => state,
    byTier: () => [
      { labels: { tier: 'daily' }, value: true },
      { labels: { tier: 'weekly' }, value: false },
      { labels: { tier: 'monthly' }, value: undefined },
    ],
  };
  const values = (state: number | undefined) =>
    samplesFrom(toys, table, { target: 'a' }, state).map(({ labels, value }) => ({ ...labels, value }));
  const tiers = [
    { target: 'a', tier: 'daily', value: 1 },
    { target: 'a', tier: 'weekly', value: 0 },
  ];
  expect(values(undefined)).toEqual(tiers);
  expect(values(7)).toEqual([{ target: 'a', value: 7 }, ...tiers]);
});

test('a metric without a value, and one without its labels, do not compile', () => {
  // @ts-expect-error byTier is missing
  const missing: Table = { plain: () => 1 };
  // @ts-expect-error byTier has a label besides target
  const unlabelled: Table = { plain: () => 1, byTier: () => 1 };
  expect([missing, unlabelled]).toHaveLength(2);
});
