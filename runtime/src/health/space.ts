import { daySeconds } from '../contract/time.ts';
import type { Space } from '../store/store.ts';
import { comingGrowth, fullAfter, horizonDays } from './anomaly/space-forecast.ts';
import type { ArchivesState } from './archives-state.ts';

/** Seconds until a store is full; Infinity beyond the forecast. */
export const secondsUntilFull = (
  targets: readonly ArchivesState[],
  { freeBytes }: Space,
  at: Date,
): number => {
  const growths = targets.map(({ growth }) => comingGrowth(growth, at));
  return (fullAfter(growths, freeBytes, horizonDays)?.days ?? Infinity) * daySeconds;
};
