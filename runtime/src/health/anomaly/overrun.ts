import { dayMs } from '../../core/units.ts';
import { chanceAbove, outlookOf } from './tail.ts';

/** Values of a series with the times at which they were taken, oldest first. */
export interface Timed {
  readonly at: string;
  readonly value: number;
}

/** A limit that coming values are likely to pass. */
export interface Overrun {
  /** One value in so many will be above the limit, */
  readonly everyNth: number;
  /** from this time on. */
  readonly from: Date;
  /** Growth from day to day, as a factor; 1 where there is none. */
  readonly perDay: number;
}

/** Values before there is an outlook. @default 10 - fewer have no tail */
const leastValues = 10;

/**
 * Chance that one of the coming values passes the limit, from which on it is told.
 * @default 0.73 - the least at which the simulation of docs/explanation/anomalies.md has under 2 false warnings per 100 runs
 */
const tellingChance = 0.73;

/** Share of values above the limit that is called the begin of it, where so many will be. */
const tellingShare = 1 / 20;

/** No forecast plays more values than this, however often they come. */
const mostAhead = 1000;

/**
 * Whether the values of the next days are likely to pass a limit, and from when on how many of them. Pure. Looks no
 * farther ahead than the series looks back.
 * @param intervalDays from one value to the next
 */
export const overrunOf = (
  series: readonly Timed[],
  limit: number,
  intervalDays: number,
  days: number,
): Overrun | undefined => {
  const last = series.at(-1);
  if (!last || series.length < leastValues) return undefined;
  const outlook = outlookOf(series.map(({ value }) => value));
  const runs = Math.min(Math.floor(days / intervalDays), series.length, mostAhead);
  const ahead = Array.from({ length: Math.max(1, runs) }, (_, index) => index + 1);
  const chances = ahead.map((each) => chanceAbove(outlook, limit, each));
  if (1 - chances.reduce((none, chance) => none * (1 - chance), 1) < tellingChance) return undefined;
  const share = Math.min(tellingShare, Math.max(...chances));
  const first = chances.findIndex((chance) => chance >= share);
  return {
    everyNth: Math.max(1, Math.round(1 / (chances[first] ?? share))),
    from: new Date(Date.parse(last.at) + (first + 1) * intervalDays * dayMs),
    perDay: Math.exp(outlook.slope / intervalDays),
  };
};

const suffixes: Readonly<Record<number, string>> = { 1: 'st', 2: 'nd', 3: 'rd' };

const ordinal = (count: number): string =>
  `${count}${(Math.floor(count / 10) % 10 === 1 ? undefined : suffixes[count % 10]) ?? 'th'}`;

/** Written out: `Intl` takes 10 ms of every start to know them. */
const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'] as const;

/** `about every 20th run will exceed 1h from Thursday 2024-01-18, at 2 % growth a day`. */
export const describeOverrun = ({ everyNth, from, perDay }: Overrun, what: string, limit: string): string => {
  const which = everyNth === 1 ? `every ${what}` : `about every ${ordinal(everyNth)} ${what}`;
  const percent = Number(((perDay - 1) * 100).toFixed(1));
  const growth = percent > 0 ? `, at ${percent} % growth a day` : '';
  return `${which} will exceed ${limit} from ${weekdays[from.getUTCDay()]} ${from.toISOString().slice(0, 10)}${growth}`;
};
