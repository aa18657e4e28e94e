import { longestHistory } from '../../archives/facts.ts';
import { secondsTaken } from '../../core/times.ts';
import { formatSeconds } from '../../core/units.ts';
import type { Verification } from '../../archives/manifest.ts';
import { intervalDays, type Compared } from './compared.ts';
import { describeOverrun, overrunOf } from './overrun.ts';
import type { AnomalyPolicy } from './policy.ts';

/** Backups that are likely to miss their deadline. */
export const duration = (
  { history, candidate, policy }: Compared,
  deadlineSeconds: number,
): readonly string[] => {
  const backups = [...history, candidate];
  const series = backups.map((each) => ({ at: each.startedAt, value: secondsTaken(each) }));
  const found = overrunOf(series, deadlineSeconds, intervalDays(backups), policy.forecastDays);
  if (!found) return [];
  const now = formatSeconds(series.at(-1)?.value ?? NaN);
  return [
    `duration, now ${now}, approaches the deadline: ${describeOverrun(found, 'run', formatSeconds(deadlineSeconds))}`,
  ];
};

/** Restores that are likely to miss the RTO, by what drills measured. Pure. @param drills of all archives of a target */
export const restoreTime = (
  drills: readonly Verification[],
  policy: AnomalyPolicy,
  rtoSeconds: number,
): readonly string[] => {
  const series = drills
    .flatMap(({ ok, at, seconds }) =>
      ok && seconds !== undefined ? [{ at, startedAt: at, value: seconds }] : [],
    )
    .toSorted((a, b) => (a.at < b.at ? -1 : 1))
    .slice(-longestHistory);
  const found = policy.enabled
    ? overrunOf(series, rtoSeconds, intervalDays(series), policy.forecastDays)
    : undefined;
  if (!found) return [];
  const now = formatSeconds(series.at(-1)?.value ?? NaN);
  return [
    `restore, now ${now}, approaches the RTO: ${describeOverrun(found, 'restore', formatSeconds(rtoSeconds))}`,
  ];
};
