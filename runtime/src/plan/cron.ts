import { Cron } from 'croner';
import { z } from 'zod';
import { putNewest } from '../core/newest.ts';
import { spread, usesSpread } from './spread.ts';

/** An offset, not the name of a zone: the tables of zones cost a start 15 ms. */
const utc = { utcOffset: 0, paused: true } as const;

/** Only a day of the month can be one that its month lacks; looking for the next run takes most of the time here. */
const neverFires = (pattern: string): boolean => {
  const cron = new Cron(pattern, utc);
  return pattern.trim().split(/\s+/)[2] !== '*' && cron.nextRun() === null;
};

const problem = (pattern: string): string | undefined => {
  if (pattern.trim().split(/\s+/).length !== 5) return 'expected five fields: minute hour day month weekday';
  try {
    return neverFires(spread(pattern, '')) ? 'this cron expression never fires' : undefined;
  } catch (error) {
    return `not a cron expression: ${(error as Error).message}`;
  }
};

/** A five-field cron expression, in UTC, that fires at least once, in which H may stand for a value by name. */
export const spreadableCron = z.string().superRefine((pattern, context) => {
  const message = problem(pattern);
  if (message) context.addIssue({ code: 'custom', message, input: pattern });
});

/** The same, with every value written out. */
export const cron = spreadableCron.refine((pattern) => !usesSpread(pattern), {
  error: 'expected a value for H, which only the schedule of a target has',
});

/** The next run that was found, which stays the next one until it comes. */
interface FoundRun {
  readonly from: Date;
  readonly next: Date | null;
}

/** A pattern that is read takes 80 KB, what was found next to nothing. @default 10,000 - more targets than a plan has */
const mostFound = 10_000;

const found = new Map<string, FoundRun>();

const isStillNext = ({ from, next }: FoundRun, time: Date): boolean =>
  from <= time && (next === null || time < next);

/** Next time a schedule fires after `from`. */
export const nextRun = (pattern: string, from: Date): Date | undefined => {
  const before = found.get(pattern);
  if (before && isStillNext(before, from)) return before.next ?? undefined;
  const next = new Cron(pattern, utc).nextRun(from);
  putNewest(found, pattern, { from, next }, mostFound);
  return next ?? undefined;
};

/** A leap year's start, so that schedules are judged the same whenever a plan is read. */
const referenceTime = new Date('2024-01-01T00:00:00Z');
const runsCompared = 64;

/** Longest time between two runs, over 64 of them; 0 for a schedule that fires once. */
export const longestGapSeconds = (pattern: string): number => {
  const times = new Cron(pattern, utc).nextRuns(runsCompared, referenceTime);
  return times.reduce(
    (longest, time, index) => Math.max(longest, (Number(time) - Number(times[index - 1] ?? time)) / 1000),
    0,
  );
};
