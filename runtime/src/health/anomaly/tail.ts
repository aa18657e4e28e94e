import { median } from '../../core/median.ts';
import { spread, trendOf } from './robust.ts';

/** The coming values of a series: where its trend goes, and how far single values lie from it. */
export interface Outlook {
  /** Natural logarithm of one more than the usual value, so many values after the last one. */
  readonly usual: (ahead: number) => number;
  /** Logarithms of the values less the trend's: what happened before will happen again. */
  readonly residuals: readonly number[];
  /** Standard deviation of what the residuals leave out, as a sample is finite. */
  readonly bandwidth: number;
  /** Growth of the logarithm from one value to the next; 0 where the values do not tell one from chance. */
  readonly slope: number;
}

/** Standard errors of its own that a slope must have, else what is extrapolated is chance. */
const leastErrors = 2;

/** Share of the residuals' spread by which each of them is blurred. */
const blur = 0.6;

/** Values that are all equal, or almost, have a distribution too: a second in ten thousand. */
const leastBandwidth = 1e-4;

/**
 * Trend of the logarithms (line of Theil and Sen) with the residuals around it. A weekly night that takes longer, spikes,
 * and plain noise are all in the residuals: jobs die by their tail, not by their trend.
 * @param values at least one, none negative
 */
export const outlookOf = (values: readonly number[]): Outlook => {
  const logs = values.map(Math.log1p);
  const trend = trendOf(logs);
  // standard error of a line's slope through equidistant values
  const error = spread(trend.residuals) * Math.sqrt(12 / logs.length ** 3);
  const isChance = Math.abs(trend.slope) <= leastErrors * error;
  const middle = median(logs);
  const residuals = isChance ? logs.map((value) => value - middle) : trend.residuals;
  const usual = isChance ? () => middle : (ahead: number) => trend.at(logs.length - 1 + ahead);
  const bandwidth = Math.max(leastBandwidth, blur * spread(residuals));
  return { usual, residuals, bandwidth, slope: isChance ? 0 : trend.slope };
};

const terms = [1.330274429, -1.821255978, 1.781477937, -0.356563782, 0.31938153];

/** Standard normal distribution, by Zelen and Severo (Abramowitz and Stegun 26.2.17); exact to 1e-7. */
const normal = (z: number): number => {
  const t = 1 / (1 + 0.2316419 * Math.abs(z));
  let polynomial = 0;
  for (const term of terms) polynomial = (polynomial + term) * t;
  const tail = (Math.exp((-z * z) / 2) / Math.sqrt(2 * Math.PI)) * polynomial;
  return z > 0 ? 1 - tail : tail;
};

/** Chance that the value so many after the last one is above a limit. */
export const chanceAbove = (
  { usual, residuals, bandwidth }: Outlook,
  limit: number,
  ahead: number,
): number => {
  const gap = Math.log1p(limit) - usual(ahead);
  const sum = residuals.reduce((total, residual) => total + normal((residual - gap) / bandwidth), 0);
  return sum / residuals.length;
};

/** The value, so many after the last one, that a share of them stays below. */
export const quantileOf = ({ usual, residuals }: Outlook, share: number, ahead: number): number => {
  const sorted = residuals.toSorted((a, b) => a - b);
  return Math.expm1(usual(ahead) + (sorted[Math.ceil(share * sorted.length) - 1] ?? NaN));
};
