import { z } from 'zod';
import { daySeconds } from '../../runtime/src/contract/time.ts';
import { secondsOf } from '../../runtime/src/plan/duration.ts';
import { pointInTimeOf } from '../../runtime/src/plan/point-in-time.ts';
import { planShape, type Plan } from '../../runtime/src/plan/schema.ts';

type RetentionPolicy = Plan['retention'];

const retentionPolicy = planShape.retention.unwrap();

/** A number of days, and what it is. */
export interface Bound {
  readonly days: number;
  readonly what: string;
}

/** A target as far as its retention goes. */
interface Kept {
  readonly name?: unknown;
  readonly retention?: object | undefined;
  readonly pointInTime?: { readonly window?: unknown } | undefined;
}

/** Retention of each target; none for what is not valid yet, which has a problem of its own. */
const policies = (
  retention: unknown,
  targets: readonly Kept[],
): readonly (readonly [string, RetentionPolicy])[] =>
  targets.flatMap(({ name, retention: own = {} }) => {
    const set = Object.entries(own).filter(([, value]) => value !== undefined);
    const { data } = retentionPolicy.safeParse({ ...(retention as object), ...Object.fromEntries(set) });
    return data ? [[String(name), data] as const] : [];
  });

/**
 * Oldest that an archive of each tier becomes: a weekly or monthly one goes when as many newer ones are there, and the
 * first copy of a period may be late by the whole period.
 */
const longest = ([name, { days, weekly, monthly }]: readonly [string, RetentionPolicy]): readonly Bound[] => [
  { days, what: `${days} days of target ${name}` },
  ...(weekly ? [{ days: (weekly + 1) * 7, what: `${weekly} weekly archives of target ${name}` }] : []),
  ...(monthly ? [{ days: (monthly + 1) * 31, what: `${monthly} monthly archives of target ${name}` }] : []),
];

/** How long each target keeps each tier at most. */
export const longestKept = (retention: unknown, targets: readonly Kept[]): readonly Bound[] =>
  policies(retention, targets).flatMap(longest);

const { window } = pointInTimeOf(z.unknown()).shape;

/** After how many days the log of each target is removed, and the bases before it. */
const windows = (targets: readonly Kept[]): readonly Bound[] =>
  targets.flatMap(({ name, pointInTime }) => {
    const { data } = window.safeParse(pointInTime?.window);
    return pointInTime && data
      ? [{ days: Math.floor(secondsOf(data) / daySeconds), what: `window of target ${String(name)}` }]
      : [];
  });

/** After how many days each target begins to prune. */
export const shortestKept = (retention: unknown, targets: readonly Kept[]): readonly Bound[] => [
  ...policies(retention, targets).map(([name, { days }]) => ({ days, what: `retention of target ${name}` })),
  ...windows(targets),
];
