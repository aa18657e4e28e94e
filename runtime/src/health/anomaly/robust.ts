import { median } from '../../core/median.ts';

/** Turns a median absolute deviation into the standard deviation of normally distributed values. */
const madToSigma = 1.4826;

/** Spread that up to half of the values cannot spoil: median absolute deviation, scaled to a standard deviation. */
export const spread = (values: readonly number[]): number => {
  const middle = median(values);
  return madToSigma * median(values.map((value) => Math.abs(value - middle)));
};

/** A straight line through a series. */
export interface Trend {
  /** Change from one value to the next. */
  readonly slope: number;
  /** The line's value; the series has indices 0, 1, … */
  readonly at: (index: number) => number;
  /** Values less the line. */
  readonly residuals: readonly number[];
}

/** Of all pairs: hundreds for each table of each target, so none makes a list of its own. */
const slopesOf = (values: readonly number[]): Float64Array => {
  const slopes = new Float64Array((values.length * (values.length - 1)) / 2);
  let count = 0;
  for (const [index, value] of values.entries())
    for (let start = 0; start < index; start++)
      slopes[count++] = (value - (values[start] ?? NaN)) / (index - start);
  return slopes;
};

/** Line of Theil and Sen, the median of the slopes of all pairs: up to 29 % of the values may be anything. */
export const trendOf = (values: readonly number[]): Trend => {
  const slopes = slopesOf(values);
  const slope = slopes.length > 0 ? median(slopes) : 0;
  const intercept = median(values.map((value, index) => value - slope * index));
  const at = (index: number): number => intercept + slope * index;
  return { slope, at, residuals: values.map((value, index) => value - at(index)) };
};
