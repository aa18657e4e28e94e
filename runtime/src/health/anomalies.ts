import { drillsOf, historyOf } from '../archives/facts.ts';
import type { Manifest } from '../archives/manifest.ts';
import { parseDuration } from '../core/units.ts';
import type { Target } from '../plan/schema.ts';
import type { Measured } from './anomaly/compared.ts';
import { items, totals } from './anomaly/counts.ts';
import { duration, restoreTime } from './anomaly/duration.ts';
import { minimumHistory, type AnomalyPolicy } from './anomaly/policy.ts';
import { ratio, sizes } from './anomaly/sizes.ts';

export type { Measured };

/**
 * What is unusual about the newest daily archive of a target, compared with up to 30 before it. Pure.
 * @param manifests of the target, in any order
 * @returns one sentence with figures per anomaly; none with fewer than 5 archives before it
 */
export const findAnomalies = (
  manifests: readonly Measured[],
  policy: AnomalyPolicy,
  deadlineSeconds: number,
): readonly string[] => {
  const series = historyOf(manifests);
  const [history, candidate] = [series.slice(0, -1), series.at(-1)];
  if (!policy.enabled || !candidate || history.length < minimumHistory) return [];
  const compared = { history, candidate, policy };
  return [
    ...sizes(compared),
    ...ratio(compared),
    ...totals(compared),
    ...items(compared),
    ...duration(compared, deadlineSeconds),
  ];
};

/** What is unusual about the newest of a target's archives, and which of its objectives are likely to be missed. Pure. */
export const anomaliesOf = (
  policy: AnomalyPolicy,
  { deadline, rto }: Pick<Target, 'deadline' | 'rto'>,
  manifests: readonly (Measured & Pick<Manifest, 'verifications'>)[],
): readonly string[] => [
  ...findAnomalies(manifests, policy, parseDuration(deadline)),
  ...restoreTime(drillsOf(manifests), policy, parseDuration(rto)),
];
