import { mustExist } from '../../../core/must-exist.ts';
import type { Cursor } from './cursor.ts';
import type { SeriesSet } from './series-set.ts';
import { compareSpans, type Span } from './span.ts';
import type { Tally } from './tally.ts';

/** Between series and field in a key (tsdb/engine/tsm1/engine.go: keyFieldSeparator). */
const separator = Buffer.from('#!~#');

/** What is a series of its own: with 1.x measurement and tags, with 2.x each field of these. */
export type SeriesKind = 'tags' | 'fields';

const addSeries = (
  series: Counts['series'],
  { data, from, to }: Span,
  kind: SeriesKind,
  isLive: boolean,
): void => {
  const end = kind === 'tags' ? data.indexOf(separator, from) : -1;
  series.add(data, isLive, from, end < 0 || end > to ? to : end);
};

/** Where what is counted goes. */
export interface Counts {
  readonly tally: Tally;
  readonly series: Pick<SeriesSet, 'add'>;
  readonly kind: SeriesKind;
}

/** What is known of a key of which all points are counted. */
interface Seen {
  /** A point of the time before the dump. */
  stored: boolean;
  live: boolean;
}

/** Counts `count` points of the block that a cursor stands at, all in one interval. */
const add = (
  tally: Tally,
  interval: number,
  type: number,
  count: number,
  isLive: boolean,
  seen: Seen,
): void => {
  const points = tally.at(interval, type);
  if (!points) return;
  points.stored += count;
  if (isLive) points.live += count;
  if (!tally.isClosed(interval)) return;
  seen.stored = true;
  seen.live ||= isLive;
};

/** Points that may be the same as others, and lie anywhere between their first and last time. */
const addUnsure = (tally: Tally, { first, last, left, type }: Cursor, seen: Seen): void => {
  for (const [interval, { start, end }] of tally.intervals.entries()) {
    const points = start <= last && first <= end ? tally.at(interval, type) : undefined;
    if (points) points.unsure += left;
    if (points && tally.isClosed(interval)) seen.stored = true;
  }
};

/** All of the block at once, where nothing of it has to be looked at. */
const addWhole = (tally: Tally, cursor: Cursor, seen: Seen): boolean => {
  const { deleted, first, last } = cursor;
  const interval = tally.find(first);
  if (interval < 0 && !tally.touches(first, last)) return true;
  if (interval < 0 || deleted === 'some' || interval !== tally.find(last)) return false;
  add(tally, interval, cursor.type, cursor.left, deleted === 'none', seen);
  return true;
};

/** Cursors that have passed their block go to the next one. */
const nextBlocks = (cursors: readonly Cursor[]): Promise<unknown> | undefined => {
  let all: Promise<unknown> | undefined;
  for (const cursor of cursors) {
    const waiting = cursor.left === 0 ? cursor.nextBlock() : undefined;
    if (waiting) all = all ? Promise.all([all, waiting]) : waiting;
  }
  return all;
};

/** One point, which several files may have: the last of them is what the server shows, and none where all are deleted. */
const addOne = (tally: Tally, cursor: Cursor, cursors: readonly Cursor[], seen: Seen): void => {
  const { first, type } = cursor;
  let isLive = !cursor.isDeleted;
  for (const other of cursors)
    if (
      other !== cursor &&
      other.left > 0 &&
      other.first === first &&
      other.type === type &&
      other.hasTimes
    ) {
      isLive ||= !other.isDeleted;
      other.step();
    }
  add(tally, tally.find(first), type, 1, isLive, seen);
  cursor.step();
};

const earliestOf = (cursors: readonly Cursor[]): Cursor | undefined => {
  let found: Cursor | undefined;
  for (const cursor of cursors) if (cursor.left > 0 && (!found || cursor.first < found.first)) found = cursor;
  return found;
};

/** True where all of what is left of a cursor's block lies before what the others have. */
const isApart = (cursor: Cursor, cursors: readonly Cursor[]): boolean => {
  for (const other of cursors)
    if (other !== cursor && other.left > 0 && other.first <= cursor.last) return false;
  return true;
};

/** Counts the block of a cursor, or one point of it. */
const countNext = (
  tally: Tally,
  cursor: Cursor,
  cursors: readonly Cursor[],
  seen: Seen,
): Promise<unknown> | undefined => {
  if (isApart(cursor, cursors) && addWhole(tally, cursor, seen)) return cursor.nextBlock();
  if (cursor.hasTimes) {
    addOne(tally, cursor, cursors, seen);
    return nextBlocks(cursors);
  }
  addUnsure(tally, cursor, seen);
  return cursor.nextBlock();
};

/**
 * Counts points of the key that the cursors stand at, in the order of their times, as far as they are there: a promise where
 * more is to come, once one may go on.
 */
const countKey = (tally: Tally, cursors: readonly Cursor[], seen: Seen): Promise<unknown> | undefined => {
  for (let cursor = earliestOf(cursors); cursor; cursor = earliestOf(cursors)) {
    const waiting = countNext(tally, cursor, cursors, seen);
    if (waiting) return waiting;
  }
  return undefined;
};

/** Makes `found` the cursors at the smallest key of all. */
const findSmallest = (cursors: readonly Cursor[], found: Cursor[]): void => {
  found.length = 0;
  for (const cursor of cursors) {
    if (cursor.isAtEnd) continue;
    const order = found.length > 0 ? compareSpans(cursor.key, mustExist(found[0], 'cursor').key) : 0;
    if (order < 0) found.length = 0;
    if (order <= 0) found.push(cursor);
  }
};

/**
 * Counts the points of all files of a shard: of one that was written again, or merged from file to file, several files may
 * have it, and it counts once. Memory is a block of each file, whatever they hold: keys and blocks are in order.
 */
export const mergeFiles = async (
  cursors: readonly Cursor[],
  { tally, series, kind }: Counts,
): Promise<void> => {
  for (const cursor of cursors) await cursor.nextKey();
  const found: Cursor[] = [];
  const seen = { stored: false, live: false };
  for (findSmallest(cursors, found); found.length > 0; findSmallest(cursors, found)) {
    seen.stored = false;
    seen.live = false;
    for (let waiting = countKey(tally, found, seen); waiting; waiting = countKey(tally, found, seen))
      await waiting;
    if (seen.stored) addSeries(series, mustExist(found[0], 'cursor').key, kind, seen.live);
    for (const cursor of found) {
      const waiting = cursor.nextKey();
      if (waiting) await waiting;
    }
  }
};
