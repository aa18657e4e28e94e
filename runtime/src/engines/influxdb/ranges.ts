import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import type { Fingerprint } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';

type Measure = number | string;

const combineMeasure = (before: Measure = 0, after: Measure = 0, open: boolean): Measure => {
  if (before === after && !open) return before;
  const bounds = [Number(before), Number(after)];
  return `${Math.min(...bounds)}..${open ? '' : Math.max(...bounds)}`;
};

/**
 * Counts before and after a dump, under the same bound of time, as one. InfluxDB has no snapshot over all shards: where
 * both counts agree they are exact; where older points arrived or were deleted meanwhile, the dump holds `least..most`.
 * Items of `open` hold deletes that no restore of InfluxDB applies, so that deleted points come back: `least..`.
 */
export const combine = (before: Fingerprint, after: Fingerprint, open: ReadonlySet<string>): Fingerprint =>
  Object.fromEntries(
    Object.entries(after).map(([item, measures]) => [
      item,
      Object.fromEntries(
        Object.entries(measures).map(([name, value]) => [
          name,
          combineMeasure(before[item]?.[name], value, open.has(item)),
        ]),
      ),
    ]),
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

const settleMeasure = (expected: Measure | undefined, counted: Measure): Measure => {
  const range = rangeOf(expected);
  return range && range.least <= Number(counted) && Number(counted) <= range.most ? expected! : counted;
};

/** Counted values that lie in the expected range become that range, so that what is equal compares equal. */
const settle = (expected: Fingerprint, counted: Fingerprint): Fingerprint =>
  Object.fromEntries(
    Object.entries(counted).map(([item, measures]) => [
      item,
      Object.fromEntries(
        Object.entries(measures).map(([name, value]) => [name, settleMeasure(expected[item]?.[name], value)]),
      ),
    ]),
  );

const warnOfReturned = (context: RunContext, expected: Fingerprint, counted: Fingerprint): void => {
  for (const [item, { points = 0 }] of Object.entries(counted)) {
    const range = rangeOf(expected[item]?.points);
    if (range?.most === Infinity && Number(points) > range.least)
      context.log.warn(
        { item, live: range.least, restored: points },
        'deleted points came back with the restore',
      );
  }
};

/** What was counted after a restore, in the terms of what was expected. @throws BackupError restore.mismatch */
export const agree = (context: RunContext, expected: Fingerprint, counted: Fingerprint): Fingerprint => {
  const settled = settle(expected, counted);
  assertEqual(expected, settled);
  warnOfReturned(context, expected, counted);
  return settled;
};

/** @throws BackupError dump.empty */
export const assertHoldsPoints = (counted: Fingerprint, where: string): void => {
  if (Object.values(counted).some(({ points }) => points !== 0)) return;
  throw new BackupError(
    'dump.empty',
    `${where} holds no point in ${Object.keys(counted).join(', ') || 'any bucket or database'}`,
  );
};

/** Tells which items a restore will bring deleted points back in. */
export const warnOfDeletes = (context: RunContext, items: ReadonlySet<string>): void => {
  if (items.size > 0)
    context.log.warn(
      { items: [...items] },
      'influxdb has not compacted recent deletes yet: their points are in the backup, and a restore brings them back',
    );
};
