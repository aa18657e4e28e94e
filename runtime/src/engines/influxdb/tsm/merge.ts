import { mustExist } from '../../../core/must-exist.ts';
import type { Cursor } from './cursor.ts';
import type { SeriesSet } from './series-set.ts';
import type { Tally } from './tally.ts';

/** Between series and field in a key (tsdb/engine/tsm1/engine.go: keyFieldSeparator). */
const separator = Buffer.from('#!~#');

/** What is a series of its own: with 1.x measurement and tags, with 2.x each field of these. */
export type SeriesKind = 'tags' | 'fields';

const seriesOf = (key: Buffer, kind: SeriesKind): Buffer => {
  const end = kind === 'tags' ? key.indexOf(separator) : -1;
  return end < 0 ? key : key.subarray(0, end);
};

/** Where what is counted goes. */
export interface Counts {
  readonly tally: Tally;
  readonly series: SeriesSet;
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

/** One point, which several files may have: the last of them is what the server shows, and none where all are deleted. */
const addOne = async (tally: Tally, cursor: Cursor, others: readonly Cursor[], seen: Seen): Promise<void> => {
  const { first, type } = cursor;
  let isLive = !cursor.isDeleted;
  for (const other of others)
    if (other.left > 0 && other.first === first && other.type === type && other.hasTimes) {
      isLive ||= !other.isDeleted;
      other.step();
      if (other.left === 0) await other.nextBlock();
    }
  add(tally, tally.find(first), type, 1, isLive, seen);
  cursor.step();
  if (cursor.left === 0) await cursor.nextBlock();
};

const earliestOf = (cursors: readonly Cursor[]): Cursor | undefined => {
  let found: Cursor | undefined;
  for (const cursor of cursors) if (cursor.left > 0 && (!found || cursor.first < found.first)) found = cursor;
  return found;
};

/** Counts all points of the key that the cursors stand at, in the order of their times. */
const countKey = async (tally: Tally, cursors: readonly Cursor[], seen: Seen): Promise<void> => {
  for (let cursor = earliestOf(cursors); cursor; cursor = earliestOf(cursors)) {
    const current = cursor;
    const others = cursors.filter((other) => other !== current);
    const isApart = others.every((other) => other.left === 0 || other.first > current.last);
    if (isApart && addWhole(tally, current, seen)) await current.nextBlock();
    else if (current.hasTimes) await addOne(tally, current, others, seen);
    else {
      addUnsure(tally, current, seen);
      await current.nextBlock();
    }
  }
};

/** Cursors at the smallest key of all. */
const atSmallest = (cursors: readonly Cursor[]): readonly Cursor[] => {
  let found: Cursor[] = [];
  for (const cursor of cursors) {
    const [first] = found;
    const order = cursor.key && first?.key ? Buffer.compare(cursor.key, first.key) : -1;
    if (cursor.key && order < 0) found = [cursor];
    else if (cursor.key && order === 0) found.push(cursor);
  }
  return found;
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
  for (let at = atSmallest(cursors); at.length > 0; at = atSmallest(cursors)) {
    const key = mustExist(at[0]?.key, 'key');
    const seen = { stored: false, live: false };
    await countKey(tally, at, seen);
    if (seen.stored) series.add(seriesOf(key, kind), seen.live);
    for (const cursor of at) await cursor.nextKey();
  }
};
