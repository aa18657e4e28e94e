import { spread, trendOf } from './robust.ts';

/** A value that is not where its history points. */
export interface Shift {
  readonly value: number;
  readonly expected: number;
}

export type Direction = 'down' | 'up';

/** Spreads from the trend that are usual: of normally distributed values, one in a million lies farther out. */
const usualSpreads = 5;

/** What went as far three times before is a habit (weekends, clean-ups), or a change that was told three times. */
const habit = 3;
const habitMargin = 1.25;

/** Farthest that values of a history went from their trend without being unusual. */
export const usualDeviation = (residuals: readonly number[], direction: Direction): number => {
  const sign = direction === 'up' ? 1 : -1;
  const farthest = residuals.map((residual) => sign * residual).toSorted((a, b) => b - a);
  return Math.max(usualSpreads * spread(residuals), habitMargin * (farthest[habit - 1] ?? 0));
};

/**
 * Tells a value that left its history by more than a factor. The history may grow or shrink steadily: it is compared
 * with the trend of the logarithms, not with the mean.
 * @param factor above 1, in either direction
 */
export const shiftOf = (
  history: readonly number[],
  value: number,
  direction: Direction,
  factor: number,
): Shift | undefined => {
  const { at, residuals } = trendOf(history.map(Math.log1p));
  const expected = at(history.length);
  const deviation = (Math.log1p(value) - expected) * (direction === 'up' ? 1 : -1);
  if (deviation <= Math.log(factor) || deviation <= usualDeviation(residuals, direction)) return undefined;
  return { value, expected: Math.expm1(expected) };
};
