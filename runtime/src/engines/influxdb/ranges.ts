import { BackupError } from '../../core/errors.ts';
import type { Fingerprint } from '../engine.ts';

type Measure = number | string;

const combineMeasure = (before: Measure = 0, after: Measure = 0): Measure => {
  if (before === after) return before;
  const bounds = [Number(before), Number(after)];
  return `${Math.min(...bounds)}..${Math.max(...bounds)}`;
};

/**
 * Counts before and after a dump, under the same bound of time, as one. InfluxDB has no snapshot over all shards: where
 * both counts agree they are exact; where older points arrived or were deleted meanwhile, the dump holds `least..most`.
 */
export const combine = (before: Fingerprint, after: Fingerprint): Fingerprint =>
  Object.fromEntries(
    Object.entries(after).map(([item, measures]) => [
      item,
      Object.fromEntries(
        Object.entries(measures).map(([name, value]) => [name, combineMeasure(before[item]?.[name], value)]),
      ),
    ]),
  );

const settleMeasure = (expected: Measure | undefined, counted: Measure): Measure => {
  const [, least, most] = /^(\d+)\.\.(\d+)$/.exec(`${expected}`) ?? [];
  if (least === undefined || most === undefined) return counted;
  return Number(least) <= Number(counted) && Number(counted) <= Number(most) ? expected! : counted;
};

/** Counted values that lie in the expected range become that range, so that what is equal compares equal. */
export const settle = (expected: Fingerprint, counted: Fingerprint): Fingerprint =>
  Object.fromEntries(
    Object.entries(counted).map(([item, measures]) => [
      item,
      Object.fromEntries(
        Object.entries(measures).map(([name, value]) => [name, settleMeasure(expected[item]?.[name], value)]),
      ),
    ]),
  );

/** @throws BackupError dump.empty */
export const assertHoldsPoints = (counted: Fingerprint, where: string): void => {
  if (Object.values(counted).some(({ points }) => points !== 0)) return;
  throw new BackupError(
    'dump.empty',
    `${where} holds no point in ${Object.keys(counted).join(', ') || 'any bucket or database'}`,
  );
};
