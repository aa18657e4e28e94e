import { byId, chainOf, type Link } from './chain.ts';
import { cover } from './cover.ts';
import { onLine, type LinePart } from './line.ts';
import type { StoredLog } from './stored.ts';

/** What retention sees of a base. */
export interface BaseFact extends Link {
  readonly key: string;
  /** When it was whole, in ms. */
  readonly finishedAt: number;
  readonly system: string;
  readonly timeline: number;
  /** First log that it needs. */
  readonly start: bigint;
  /** Log that makes it whole. */
  readonly end: bigint;
}

/** A system's log, and the way to each of its timelines. */
export interface SystemLog extends StoredLog {
  readonly lines: ReadonlyMap<number, readonly LinePart[]>;
}

/** Keep or remove, and why. */
export interface BaseDecision {
  readonly base: BaseFact;
  readonly keep: boolean;
  readonly reason: string;
}

/** 0 of none. */
export const largest = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), 0);

const newestTime = ({ pieces }: SystemLog): number => largest(pieces.map(({ time }) => time));

/** The receiver's heartbeat stores log every minute. An hour is longer than a restart, and than the interval of any plan. */
export const longestSilenceMs = 3_600_000;

/** Why nothing may go while no log comes: the window would run out over what is there. @param now in ms */
export const silence = (systems: readonly SystemLog[], now: number): string | undefined => {
  const newest = largest(systems.map(newestTime));
  if (newest > now - longestSilenceMs) return undefined;
  const since = newest === 0 ? 'is stored' : `was stored since ${new Date(newest).toISOString()}`;
  return `nothing is removed while the receiver is behind: no log ${since}`;
};

/** Why nothing may go while the log of the server of today has no base: the first one may be under way, and need old log. */
export const withoutBase = (
  systems: readonly SystemLog[],
  bases: readonly BaseFact[],
): string | undefined => {
  const [newest] = systems.toSorted((a, b) => newestTime(b) - newestTime(a));
  if (!newest || bases.some(({ system }) => system === newest.system)) return undefined;
  return `nothing is removed before the first base of ${newest.system} is stored`;
};

/** Timelines of which log of the window is stored, and one that has just begun. @param from the window's start, in ms */
export const liveTimelines = ({ pieces, histories }: StoredLog, from: number): readonly number[] => {
  const live = new Set(pieces.filter(({ time }) => time >= from).map(({ timeline }) => timeline));
  const newest = largest(pieces.map(({ timeline }) => timeline));
  if (live.size > 0) for (const { timeline } of histories) if (timeline > newest) live.add(timeline);
  return [...live];
};

/** A base becomes any instant of a line that it was whole on. */
const isOn = (line: readonly LinePart[], { timeline, end }: BaseFact): boolean =>
  line.some((part) => part.timeline === timeline && (part.to === undefined || end <= part.to));

/** Whether all log is stored that makes the base whole: one that was taken before the receiver came lacks some. */
const isWhole = (line: readonly LinePart[], { pieces }: SystemLog, { start, end }: BaseFact): boolean =>
  cover(onLine(line, pieces), start).end >= end;

const newestOf = (bases: readonly BaseFact[]): BaseFact | undefined =>
  bases.reduce<BaseFact | undefined>(
    (newest, base) => (newest && newest.finishedAt >= base.finishedAt ? newest : base),
    undefined,
  );

/**
 * The bases that the start of the window is recovered from: on every line that leads into it the newest one before it that is
 * there with all that it is made of, and that its log makes whole, or the newest one where none is.
 */
const firstBases = (
  systems: readonly SystemLog[],
  bases: readonly BaseFact[],
  from: number,
): ReadonlySet<BaseFact> => {
  const first = new Set<BaseFact>();
  const all = byId(bases);
  const isThere = (base: BaseFact): boolean => chainOf(base, all) !== undefined;
  for (const log of systems)
    for (const timeline of liveTimelines(log, from)) {
      const line = log.lines.get(timeline) ?? [];
      const before = bases.filter((base) => base.system === log.system && base.finishedAt <= from);
      const onThis = before.filter((base) => isOn(line, base));
      const newest =
        newestOf(onThis.filter((base) => isThere(base) && isWhole(line, log, base))) ?? newestOf(onThis);
      if (newest) first.add(newest);
    }
  return first;
};

/** Why a base stays that nothing needs but an increment. */
export const neededByIncrement = 'an increment that is kept goes on from it';

/**
 * Which bases any instant since `from` needs. Pure; never removes the newest one, nor any that an increment of them goes on from.
 * @param systems with a line for every timeline of `liveTimelines`
 * @param from the window's start, in ms
 */
export const decideBases = (
  systems: readonly SystemLog[],
  bases: readonly BaseFact[],
  from: number,
): readonly BaseDecision[] => {
  const first = firstBases(systems, bases, from);
  const newest = newestOf(bases);
  const ownReason = (base: BaseFact): string | undefined => {
    if (base.finishedAt > from) return 'of the window';
    if (first.has(base)) return 'the start of the window is recovered from it';
    return base === newest ? 'the newest base' : undefined;
  };
  const all = byId(bases);
  const kept = bases.filter((base) => ownReason(base) !== undefined);
  const needed = new Set(kept.flatMap((base) => chainOf(base, all) ?? []));
  return bases.map((base) => {
    const reason = ownReason(base) ?? (needed.has(base) ? neededByIncrement : undefined);
    return { base, keep: reason !== undefined, reason: reason ?? 'no instant of the window needs it' };
  });
};
