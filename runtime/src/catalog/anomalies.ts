import { formatBytes, formatSeconds } from '../core/units.ts';
import { longestHistory, minimumHistory, type AnomalyPolicy } from './anomaly-policy.ts';
import type { Manifest } from './manifest.ts';
import { median, spread, trendOf } from './robust.ts';
import { shiftOf, usualDeviation, type Direction, type Shift } from './shifts.ts';

/** What anomalies look at in a manifest. */
export type Measured = Pick<
  Manifest,
  'id' | 'tier' | 'startedAt' | 'finishedAt' | 'sourceBytes' | 'archiveBytes' | 'fingerprint'
>;

/** Measures of fingerprints that count data; others, such as hashes and expiries, change by themselves. */
const counted = ['rows', 'keys', 'points', 'objects'] as const;
type Counted = (typeof counted)[number];

/** Items that are named before the rest is only counted. */
const itemsNamed = 5;

interface Compared {
  readonly candidate: Measured;
  /** Oldest first, without the candidate. */
  readonly history: readonly Measured[];
  readonly policy: AnomalyPolicy;
}

const whole = (value: number): string => Math.max(0, Math.round(value)).toLocaleString('en-US');
const basis = ({ history }: Compared): string => `${history.length} archives`;

const dropFactor = ({ dropPercent }: AnomalyPolicy): number => 1 / (1 - dropPercent / 100);

const describe = (
  compared: Compared,
  what: string,
  { value, expected }: Shift,
  direction: Direction,
  format: (value: number) => string,
): string =>
  `${what} ${direction === 'up' ? 'grew' : 'fell'} to ${format(value)}, about ${format(expected)} was expected (${basis(compared)})`;

const sizes = (compared: Compared): readonly string[] => {
  const { history, candidate, policy } = compared;
  const factors = { down: dropFactor(policy), up: policy.growthFactor } as const;
  return (['sourceBytes', 'archiveBytes'] as const).flatMap((field) =>
    (['down', 'up'] as const).flatMap((direction) => {
      const values = history.map((manifest) => manifest[field]);
      const shift = shiftOf(values, candidate[field], direction, factors[direction]);
      const what = field === 'sourceBytes' ? 'source size' : 'archive size';
      return shift ? [describe(compared, what, shift, direction, formatBytes)] : [];
    }),
  );
};

const ratioOf = ({ archiveBytes, sourceBytes }: Measured): number => archiveBytes / Math.max(1, sourceBytes);

const ratio = (compared: Compared): readonly string[] => {
  const ratios = compared.history.map(ratioOf);
  const usual = median(ratios);
  const value = ratioOf(compared.candidate);
  const rise = value - usual;
  const residuals = ratios.map((each) => each - usual);
  const limit = (compared.policy.ratioPercent / 100) * (1 - usual);
  if (usual >= 1 || rise <= limit || rise <= usualDeviation(residuals, 'up')) return [];
  return [
    `compression ratio rose to ${value.toFixed(2)} from ${usual.toFixed(2)} (${basis(compared)}): data that no longer compresses may have been encrypted`,
  ];
};

/** Exact counts, and the least of a range such as `2400..2500`. */
const countOf = (value: number | string | undefined): number => {
  const count = typeof value === 'string' ? Number.parseInt(value, 10) : (value ?? 0);
  return Number.isFinite(count) ? count : 0;
};

const totalOf = ({ fingerprint }: Measured, measure: Counted): number =>
  Object.values(fingerprint).reduce((sum, measures) => sum + countOf(measures[measure]), 0);

const totals = (compared: Compared): readonly string[] =>
  counted.flatMap((measure) => {
    const values = compared.history.map((manifest) => totalOf(manifest, measure));
    const value = totalOf(compared.candidate, measure);
    const shift = shiftOf(values, value, 'down', dropFactor(compared.policy));
    return shift ? [describe(compared, `all ${measure}`, shift, 'down', whole)] : [];
  });

interface Lost {
  readonly text: string;
  readonly count: number;
}

const lostItem = (compared: Compared, item: string, measure: Counted): readonly Lost[] => {
  const { history, candidate, policy } = compared;
  const first = history.findIndex(({ fingerprint }) => fingerprint[item]?.[measure] !== undefined);
  const known = first < 0 ? [] : history.slice(first);
  // an item that the newest archive of the history lacks was told before
  if (known.length < minimumHistory || history.at(-1)!.fingerprint[item] === undefined) return [];
  const values = known.map(({ fingerprint }) => countOf(fingerprint[item]?.[measure]));
  const now = candidate.fingerprint[item];
  const shift = shiftOf(values, countOf(now?.[measure]), 'down', dropFactor(policy));
  if (!shift) return [];
  const text = now
    ? describe({ ...compared, history: known }, `${item}: ${measure}`, shift, 'down', whole)
    : `${item} is gone, about ${whole(shift.expected)} ${measure} were expected (${known.length} archives)`;
  return [{ text, count: shift.expected - shift.value }];
};

const items = (compared: Compared): readonly string[] => {
  const names = new Set(compared.history.flatMap(({ fingerprint }) => Object.keys(fingerprint)));
  const lost = [...names]
    .flatMap((item) => counted.flatMap((measure) => lostItem(compared, item, measure)))
    .toSorted((a, b) => b.count - a.count);
  const more = lost.length - itemsNamed;
  return [
    ...lost.slice(0, itemsNamed).map(({ text }) => text),
    ...(more > 0 ? [`${more} more tables, buckets or types fell or are gone`] : []),
  ];
};

const secondsOf = ({ startedAt, finishedAt }: Measured): number =>
  (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000;

/** More often than hourly is somebody at a keyboard. */
const leastIntervalDays = 1 / 24;

/** Days from one archive to the next. */
export const intervalDays = (history: readonly Pick<Measured, 'startedAt'>[]): number => {
  const times = history.map(({ startedAt }) => Date.parse(startedAt) / 86_400_000);
  const gaps = times.slice(1).map((time, index) => time - times[index]!);
  return gaps.length > 0 ? Math.max(leastIntervalDays, median(gaps)) : 1;
};

/** Archives before a duration has a trend, and how much it must have risen over them: less is the weather. */
const trendHistory = 10;
const leastRise = 0.25;
const leastRiseSpreads = 3;

const duration = (compared: Compared, deadlineSeconds: number): readonly string[] => {
  const series = [...compared.history, compared.candidate];
  if (series.length < trendHistory) return [];
  const seconds = series.map(secondsOf);
  const { slope, at, residuals } = trendOf(seconds);
  const rise = slope * (series.length - 1);
  if (rise < leastRise * median(seconds) || rise < leastRiseSpreads * spread(residuals)) return [];
  const perDay = slope / intervalDays(series);
  const days = Math.max(0, (deadlineSeconds - at(series.length - 1)) / perDay);
  if (!(days < compared.policy.forecastDays)) return [];
  return [
    `duration, now ${formatSeconds(seconds.at(-1)!)}, grows by ${formatSeconds(perDay)} a day and will miss the deadline of ${formatSeconds(deadlineSeconds)} in ${Math.ceil(days)} days`,
  ];
};

/** Daily archives, one per backup, oldest first. */
export const historyOf = (manifests: readonly Measured[]): readonly Measured[] =>
  manifests
    .filter(({ tier }) => tier === 'daily')
    .toSorted((a, b) => (a.startedAt < b.startedAt ? -1 : 1))
    .slice(-longestHistory - 1);

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
