import { describe, dropFactor, type Compared, type Measured } from './compared.ts';
import { minimumHistory } from './policy.ts';
import { shiftOf } from './shifts.ts';

/** Measures of fingerprints that count data; others, such as hashes and expiries, change by themselves. */
const counted = ['rows', 'keys', 'points', 'objects'] as const;
type Counted = (typeof counted)[number];

/** Items that are named before the rest is only counted. */
const itemsNamed = 5;

const whole = (value: number): string => Math.max(0, Math.round(value)).toLocaleString('en-US');

/** Exact counts, and the least of a range such as `2400..2500`. */
const countOf = (value: number | string | undefined): number => {
  const count = typeof value === 'string' ? Number.parseInt(value, 10) : (value ?? 0);
  return Number.isFinite(count) ? count : 0;
};

const totalOf = ({ fingerprint }: Pick<Measured, 'fingerprint'>, measure: Counted): number =>
  Object.values(fingerprint).reduce((sum, measures) => sum + countOf(measures[measure]), 0);

/** What a backup holds in all, by what is counted: `{ rows: 1234 }`. */
export const totalsOf = (manifest: Pick<Measured, 'fingerprint'>): Readonly<Record<string, number>> => {
  const present = new Set(Object.values(manifest.fingerprint).flatMap(Object.keys));
  const measures = counted.filter((measure) => present.has(measure));
  return Object.fromEntries(measures.map((measure) => [measure, totalOf(manifest, measure)]));
};

/** Measures that fell over all items. */
export const totals = (compared: Compared): readonly string[] =>
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
  if (known.length < minimumHistory || history.at(-1)?.fingerprint[item] === undefined) return [];
  const values = known.map(({ fingerprint }) => countOf(fingerprint[item]?.[measure]));
  const now = candidate.fingerprint[item];
  const shift = shiftOf(values, countOf(now?.[measure]), 'down', dropFactor(policy));
  if (!shift) return [];
  const text = now
    ? describe({ ...compared, history: known }, `${item}: ${measure}`, shift, 'down', whole)
    : `${item} is gone, about ${whole(shift.expected)} ${measure} were expected (${known.length} archives)`;
  return [{ text, count: shift.expected - shift.value }];
};

/** Tables, buckets and types that fell or are gone, the largest losses first. */
export const items = (compared: Compared): readonly string[] => {
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
