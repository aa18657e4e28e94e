import type { Interval } from '../intervals.ts';

/** Points of one type in one interval. */
export interface Points {
  /** Those of the files, each time of a series and field once: what a restore brings back. */
  stored: number;
  /** Those of them that are not deleted. */
  live: number;
  /** Points that may be the same as others: there was no room to keep their times. */
  unsure: number;
}

/** Points of a bucket or retention policy, by interval and type, as its shards pass. */
export class Tally {
  readonly intervals: readonly Interval[];
  /** By interval, then by type of block. */
  readonly points: readonly (Points | undefined)[][];
  #last = 0;

  constructor(intervals: readonly Interval[]) {
    this.intervals = intervals;
    this.points = intervals.map(() => []);
  }

  /** The interval of a time, by its index; -1 where no shard covers it: servers do not show what is there. */
  find(time: bigint): number {
    const last = this.intervals[this.#last];
    if (last && last.start <= time && time <= last.end) return this.#last;
    let [low, high] = [0, this.intervals.length - 1];
    while (low <= high) {
      const middle = (low + high) >> 1;
      const interval = this.intervals[middle];
      if (!interval) break;
      if (time < interval.start) high = middle - 1;
      else if (time > interval.end) low = middle + 1;
      else return (this.#last = middle);
    }
    return -1;
  }

  /** True where an interval has part of the time from `first` to `last`. */
  touches(first: bigint, last: bigint): boolean {
    return this.intervals.some(({ start, end }) => start <= last && first <= end);
  }

  /** True where the points of an interval are of the time before the dump. */
  isClosed(interval: number): boolean {
    return this.intervals[interval]?.isOpen === false;
  }

  /** Those intervals that have part of the time from `first` to `last`, by index. */
  within(first: bigint, last: bigint): readonly number[] {
    return this.intervals.flatMap(({ start, end }, index) => (start <= last && first <= end ? [index] : []));
  }

  at(interval: number, type: number): Points | undefined {
    const ofInterval = this.points[interval];
    return ofInterval && (ofInterval[type] ??= { stored: 0, live: 0, unsure: 0 });
  }
}
