import { sum } from '../../core/sum.ts';
import type { Fingerprint } from '../engine.ts';
import { timeText, type Interval } from './intervals.ts';

/** Types of a field's values, by the names that 1.x has for them. */
export const fieldTypes = ['float', 'integer', 'unsigned', 'string', 'boolean'] as const;

/** What was counted of one retention policy or bucket. */
export type Measures = Readonly<Record<string, number>>;

/** Points by type of value. */
export type ByType = Readonly<Record<string, number>>;

/** Measure of the points of one type in the interval that begins at `start`, as `timeText` writes it. */
export const intervalMeasure = (start: string, type: string): string => `${start} ${type}`;

/**
 * `{series: 4, points: 900, '2025-01-06T00:00:00Z float': 900}`: `series` and `points` up to the time of the dump, and the
 * points of each type in each interval; those behind that time, which may still come, are in their interval only.
 */
export const measuresOf = (series: number, counted: readonly (readonly [Interval, ByType])[]): Measures => ({
  series,
  points: sum(counted.filter(([{ isOpen }]) => !isOpen).flatMap(([, byType]) => Object.values(byType))),
  ...Object.fromEntries(
    counted.flatMap(([{ start }, byType]) =>
      Object.entries(byType)
        .filter(([, points]) => points > 0)
        .map(([type, points]) => [intervalMeasure(timeText(start), type), points] as const),
    ),
  ),
});

/** True of a fingerprint of earlier versions: it counted fields by their type, and points of one type per field. */
export const countsFields = (expected: Fingerprint): boolean =>
  Object.values(expected).some((measures) =>
    Object.keys(measures).some((measure) => ['unknown', ...fieldTypes].includes(measure)),
  );
