import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import type { Fingerprint } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import { lastOf, nanoseconds } from './intervals.ts';
import { fieldTypes, intervalMeasure } from './measures.ts';

type Measure = number | string;

/** Items with deletes that their server has not yet applied to its files, and the intervals in which these lie. */
export type Open = ReadonlyMap<string, ReadonlySet<string>>;

const combineMeasure = (before: Measure = 0, after: Measure = 0, open: boolean): Measure => {
  if (before === after && !open) return before;
  const bounds = [Number(before), Number(after)];
  return `${Math.min(...bounds)}..${open ? '' : Math.max(...bounds)}`;
};

/** Measures in which deleted points come back: totals, and every type of the intervals. */
const openMeasures = (intervals: ReadonlySet<string>): readonly string[] => [
  'series',
  'points',
  ...[...intervals].flatMap((start) => fieldTypes.map((type) => intervalMeasure(start, type))),
];

/**
 * Counts before and after a dump, under the same bound of time, as one; items are those of `after`. InfluxDB has no
 * snapshot over all shards: where both counts agree they are exact; where points arrived or were deleted meanwhile, the
 * dump holds `least..most`. Intervals of `open` hold deletes that no restore of InfluxDB applies, so that deleted points
 * come back: `least..`.
 */
export const combine = (before: Fingerprint, after: Fingerprint, open: Open): Fingerprint =>
  Object.fromEntries(
    Object.entries(after).map(([item, measures]) => {
      const intervals = open.get(item);
      const waiting = new Set(intervals ? openMeasures(intervals) : []);
      const names = new Set([...Object.keys(before[item] ?? {}), ...Object.keys(measures), ...waiting]);
      const combined = (name: string): Measure =>
        combineMeasure(before[item]?.[name], measures[name], waiting.has(name));
      return [item, Object.fromEntries([...names].map((name) => [name, combined(name)]))];
    }),
  );

interface Range {
  readonly least: number;
  /** Infinity where deleted points may come back. */
  readonly most: number;
}

const rangeOf = (expected: Measure | undefined): Range | undefined => {
  const [, least, most] = /^(\d+)\.\.(\d*)$/.exec(`${expected}`) ?? [];
  return least === undefined ? undefined : { least: Number(least), most: Number(most || Infinity) };
};

const settleMeasure = (expected: Measure | undefined, counted: Measure | undefined): Measure | undefined => {
  const range = rangeOf(expected);
  const isWithin = range && range.least <= Number(counted ?? 0) && Number(counted ?? 0) <= range.most;
  return isWithin ? expected : counted;
};

/** Counted values that lie in the expected range become that range, so that what is equal compares equal. */
const settle = (expected: Fingerprint, counted: Fingerprint): Fingerprint =>
  Object.fromEntries(
    Object.entries(counted).map(([item, measures]) => {
      const names = new Set([...Object.keys(expected[item] ?? {}), ...Object.keys(measures)]);
      const settled = [...names].flatMap((name) => {
        const value = settleMeasure(expected[item]?.[name], measures[name]);
        return value === undefined ? [] : [[name, value] as const];
      });
      return [item, Object.fromEntries(settled)];
    }),
  );

const warnOfReturned = (context: RunContext, expected: Fingerprint, counted: Fingerprint): void => {
  for (const [item, { points = 0 }] of Object.entries(counted)) {
    const range = rangeOf(expected[item]?.points);
    if (range && Number(points) > range.least)
      context.log.warn(
        { item, live: range.least, restored: points },
        'deleted points may have come back with the restore',
      );
  }
};

/** The least of a measure; 0 where there is none. */
const leastOf = (measure: Measure | undefined): number => rangeOf(measure)?.least ?? Number(measure ?? 0);

/** What is expected where clients may write while it is counted: in some of the measures, at least what was restored. */
const atLeast = (
  expected: Fingerprint,
  counted: Fingerprint,
  isWritten: (measure: string) => boolean = () => true,
): Fingerprint =>
  Object.fromEntries(
    Object.entries(expected).map(([item, measures]) => {
      const written = Object.keys({ ...measures, ...counted[item] }).filter(isWritten);
      const least = written.map((name) => [name, `${leastOf(measures[name])}..`] as const);
      return [item, { ...measures, ...Object.fromEntries(least) }];
    }),
  );

/** Points of all types and intervals. */
export const pointsIn = (fingerprint: Fingerprint): number =>
  Object.values(fingerprint)
    .flatMap(Object.entries<Measure>)
    .filter(([name]) => name !== 'series' && name !== 'points')
    .reduce((sum, [, value]) => sum + leastOf(value), 0);

/**
 * Points that clients wrote to a database while it was restored, more than what the restore brought; nothing of that may
 * be missing. @throws BackupError restore.mismatch
 */
export const afterwards = (restored: Fingerprint, counted: Fingerprint): number => {
  const expected = atLeast(restored, counted);
  assertEqual(expected, settle(expected, counted));
  return pointsIn(counted) - pointsIn(restored);
};

/** True of measures of intervals that begin behind `asOf`. */
const isBehind =
  (asOf: Date) =>
  (measure: string): boolean => {
    const [, start] = /^(\S+Z) /.exec(measure) ?? [];
    return start !== undefined && nanoseconds(start) > lastOf(asOf);
  };

/**
 * What was counted after a restore, in the terms of what was expected; points behind `writtenSince` may be more, where
 * clients write to what is restored. @throws BackupError restore.mismatch
 */
export const agree = (
  context: RunContext,
  expected: Fingerprint,
  counted: Fingerprint,
  writtenSince?: Date,
): Fingerprint => {
  const terms = writtenSince ? atLeast(expected, counted, isBehind(writtenSince)) : expected;
  const settled = settle(terms, counted);
  assertEqual(terms, settled);
  warnOfReturned(context, expected, counted);
  return expected;
};

/** @throws BackupError dump.empty */
export const assertHoldsPoints = (counted: Fingerprint, where: string): void => {
  if (Object.values(counted).some((measures) => Object.values(measures).some((value) => value !== 0))) return;
  throw new BackupError(
    'dump.empty',
    `${where} holds no point in ${Object.keys(counted).join(', ') || 'any bucket or database'}`,
  );
};

/** Tells which items a restore will bring deleted points back in. */
export const warnOfDeletes = (context: RunContext, items: readonly string[]): void => {
  if (items.length > 0)
    context.log.warn(
      { items },
      'influxdb has not compacted recent deletes yet: their points are in the backup, and a restore brings them back',
    );
};
