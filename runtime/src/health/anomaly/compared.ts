import { median } from '../../core/median.ts';
import { dayMs } from '../../core/units.ts';
import type { Manifest } from '../../archives/manifest.ts';
import type { AnomalyPolicy } from './policy.ts';
import type { Direction, Shift } from './shifts.ts';

/** What anomalies look at in a manifest. */
export type Measured = Pick<
  Manifest,
  'id' | 'tier' | 'startedAt' | 'finishedAt' | 'sourceBytes' | 'archiveBytes' | 'fingerprint'
>;

/** An archive and those before it. */
export interface Compared {
  readonly candidate: Measured;
  /** Oldest first, without the candidate. */
  readonly history: readonly Measured[];
  readonly policy: AnomalyPolicy;
}

/** More often than hourly is somebody at a keyboard. */
const leastIntervalDays = 1 / 24;

/** Days from one archive to the next. */
export const intervalDays = (history: readonly Pick<Measured, 'startedAt'>[]): number => {
  const times = history.map(({ startedAt }) => Date.parse(startedAt) / dayMs);
  const gaps = times.slice(1).map((time, index) => time - (times[index] ?? NaN));
  return gaps.length > 0 ? Math.max(leastIntervalDays, median(gaps)) : 1;
};

/** What a sentence is based on. */
export const basis = ({ history }: Compared): string => `${history.length} archives`;

/** What a loss of `dropPercent` divides by. */
export const dropFactor = ({ dropPercent }: AnomalyPolicy): number => 1 / (1 - dropPercent / 100);

export const describe = (
  compared: Compared,
  what: string,
  { value, expected }: Shift,
  direction: Direction,
  format: (value: number) => string,
): string =>
  `${what} ${direction === 'up' ? 'grew' : 'fell'} to ${format(value)}, about ${format(expected)} was expected (${basis(compared)})`;
