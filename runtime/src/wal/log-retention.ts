import type { GapName, HistoryName, HourPlace, PieceName } from './names.ts';
import { hourOf } from './names.ts';
import { largest, type BaseFact } from './retention.ts';
import type { StoredLog } from './stored.ts';

/** What becomes of one timeline's log. */
export interface TimelineDecision {
  readonly timeline: number;
  readonly kept: readonly PieceName[];
  /** Whatever may be done of it in this order, the log that is left has no new hole. */
  readonly removed: readonly PieceName[];
  /** Indexes of what is removed, oldest first. */
  readonly hours: readonly HourPlace[];
}

/** What becomes of one system's log. */
export interface LogDecision {
  /** In ascending order. */
  readonly timelines: readonly TimelineDecision[];
  /** To be removed. */
  readonly histories: readonly HistoryName[];
  readonly gaps: readonly GapName[];
}

const hourOfPiece = ({ time }: PieceName): string => hourOf(new Date(time));

const compare = <T extends bigint | number | string>(a: T, b: T): number => (a < b ? -1 : a > b ? 1 : 0);

/** The lowest position; undefined where there is none. */
const lowest = (pieces: readonly PieceName[], than: bigint | undefined): bigint | undefined =>
  pieces.reduce<bigint | undefined>((low, { from }) => (low === undefined || from < low ? from : low), than);

/** Whether log is of the window, or a base may become an instant with it: a later timeline may go on from the base's. */
const isNeeded = (piece: PieceName, bases: readonly BaseFact[], from: number): boolean =>
  piece.time >= from ||
  bases.some(
    ({ system, timeline, start }) =>
      system === piece.system && timeline <= piece.timeline && piece.to > start,
  );

/**
 * What stays of a timeline: what is needed, all log after its first byte, and whole hours, as the index of an hour names all
 * of its objects. @param after what earlier timelines keep begins here, so that no line gets a hole
 */
const keptOf = (
  pieces: readonly PieceName[],
  needed: readonly PieceName[],
  after: bigint | undefined,
): readonly PieceName[] => {
  for (let kept = needed; ;) {
    const begin = lowest(kept, after);
    const oldestHour = kept.map(hourOfPiece).reduce((a, b) => (a < b ? a : b), '~');
    const grown = pieces.filter(
      (piece) => (begin !== undefined && piece.to > begin) || hourOfPiece(piece) >= oldestHour,
    );
    if (grown.length === kept.length) return kept;
    kept = grown;
  }
};

const hoursBefore = (hours: readonly HourPlace[], timeline: number, kept: readonly PieceName[]) => {
  const needed = new Set(kept.map(hourOfPiece));
  const oldest = [...needed].toSorted()[0] ?? '~';
  return hours
    .filter((place) => place.timeline === timeline && place.hour < oldest)
    .toSorted((a, b) => compare(a.hour, b.hour));
};

const decideTimelines = (
  { pieces, hours }: StoredLog,
  bases: readonly BaseFact[],
  from: number,
): readonly TimelineDecision[] => {
  const numbers = new Set([...pieces, ...hours].map(({ timeline }) => timeline));
  let after: bigint | undefined;
  return [...numbers].toSorted(compare).map((timeline) => {
    const own = pieces.filter((piece) => piece.timeline === timeline);
    const needed = own.filter((piece) => isNeeded(piece, bases, from));
    const kept = keptOf(own, needed, after);
    after = lowest(kept, after);
    const stays = new Set(kept);
    const removed = own.filter((piece) => !stays.has(piece)).toSorted((a, b) => compare(a.to, b.to));
    return { timeline, kept, removed, hours: hoursBefore(hours, timeline, kept) };
  });
};

/**
 * What may go of a system's log. Pure. What is kept of every timeline is all of its log from some position on.
 * @param bases that are there and stay, of any system
 * @param from the window's start, in ms
 */
export const decideLog = (stored: StoredLog, bases: readonly BaseFact[], from: number): LogDecision => {
  const timelines = decideTimelines(stored, bases, from);
  const kept = timelines.flatMap((each) => each.kept);
  const own = bases.filter(({ system }) => system === stored.system);
  const oldest = [...kept, ...own].reduce((least, { timeline }) => Math.min(least, timeline), Infinity);
  const newest = largest(stored.pieces.map(({ timeline }) => timeline)); // a history is stored before the log
  return {
    timelines,
    histories: stored.histories.filter(({ timeline }) => timeline < oldest && timeline <= newest),
    // a promotion may cut a piece before the gap: its first byte says that there is log before it
    gaps: stored.gaps.filter((gap) => !kept.some(({ from: first }) => first < gap.from)),
  };
};
