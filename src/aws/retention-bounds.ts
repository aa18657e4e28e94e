import { z } from 'zod';
import { daySeconds } from '../../runtime/src/contract/time.ts';
import { keptSeconds, pointInTimeOf } from '../../runtime/src/plan/point-in-time.ts';
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
  readonly pointInTime?: unknown;
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

const { window, base } = pointInTimeOf(z.unknown()).shape;

/** Its part that decides; an environment has more fields. */
const log = z.object({ window, base: z.object(base.unwrap().shape).prefault({}) });

/** Targets whose log is kept, and for how long. */
const logs = (targets: readonly Kept[]) =>
  targets.flatMap(({ name, pointInTime }) => {
    const { data } = log.safeParse(pointInTime);
    return data ? [{ name: String(name), ...keptSeconds(data) }] : [];
  });

/** How long each target keeps each tier at most, and its bases and log. */
export const longestKept = (retention: unknown, targets: readonly Kept[]): readonly Bound[] => [
  ...policies(retention, targets).flatMap(longest),
  ...logs(targets).map(({ name, oldest }) => ({
    days: Math.ceil(oldest / daySeconds),
    what: `the newest base before the window of target ${name}`,
  })),
];

/** After how many days each target begins to prune. */
export const shortestKept = (retention: unknown, targets: readonly Kept[]): readonly Bound[] => [
  ...policies(retention, targets).map(([name, { days }]) => ({ days, what: `retention of target ${name}` })),
  ...logs(targets).map(({ name, window: seconds }) => ({
    days: Math.floor(seconds / daySeconds),
    what: `window of target ${name}`,
  })),
];
