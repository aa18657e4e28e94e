import type { Fingerprint } from '../../engine.ts';
import { timeText, type Interval } from '../intervals.ts';
import { intervalMeasure } from '../measures.ts';
import type { Counts, SeriesKind } from './merge.ts';
import { SeriesSet, type SeriesRoom } from './series-set.ts';
import { ShardCount } from './shard-count.ts';
import { addFacts, copyOf, factsOf, ShardSeries, type ShardFacts, type Span } from './shard-facts.ts';
import { Tally, type Points } from './tally.ts';
import { blockTypes } from './values.ts';

/** A shard that is counted, and what it added. */
export interface RememberedShard {
  readonly count: ShardCount;
  readonly facts: () => ShardFacts | undefined;
}

/** A number, or the range in which it lies. */
const ranged = (least: number, most: number): number | string =>
  least === most ? least : `${least}..${most === Infinity ? '' : most}`;

const rangeOf = (points: readonly Points[]): number | string => {
  const sum = (of: (each: Points) => number) => points.reduce((total, each) => total + of(each), 0);
  return ranged(
    sum(({ live }) => live),
    sum(({ stored, unsure }) => stored + unsure),
  );
};

/** Counts a bucket or retention policy as its shards pass. */
export class ItemCount {
  readonly #counts: Counts & { readonly series: SeriesSet };

  /** `room` is for the series of all items; `key` of the hash of series @default random. */
  constructor(intervals: readonly Interval[], kind: SeriesKind, room: SeriesRoom, key?: Buffer) {
    this.#counts = { tally: new Tally(intervals), series: new SeriesSet(room, key), kind };
  }

  /** Counts one more shard; files that need be are written to `folder`. */
  shard(folder: () => Promise<string>): ShardCount {
    return new ShardCount(this.#counts, folder);
  }

  /** As `shard`; `facts` are what it added, after it was counted. */
  remembered(span: Span, folder: () => Promise<string>): RememberedShard {
    const { tally, series: all, kind } = this.#counts;
    const series = new ShardSeries(all);
    const before = copyOf(tally);
    return {
      count: new ShardCount({ tally, series, kind }, folder),
      facts: () => factsOf(tally, span, before, series),
    };
  }

  /** Counts a shard by what it added before; false where it has to be read. */
  repeat(span: Span, facts: ShardFacts): boolean {
    return addFacts(this.#counts.tally, this.#counts.series, span, facts);
  }

  /** True where a restore brings points back that are deleted. */
  get hasDeleted(): boolean {
    return this.#counts.tally.points.some((types) =>
      types.some((points) => points && points.live < points.stored),
    );
  }

  /** As `measuresOf`; what is deleted but comes back makes a range: `2400..2500`. */
  measures(): Fingerprint[string] {
    const { tally, series } = this.#counts;
    const { points, intervals } = tally;
    const closed = points.filter((_, index) => tally.isClosed(index)).flat();
    return {
      series: ranged(series.liveSize, series.isWhole ? series.size : Infinity),
      points: rangeOf(closed.filter((each) => each !== undefined)),
      ...Object.fromEntries(points.flatMap((types, index) => measuresIn(intervals[index], types))),
    };
  }
}

const measuresIn = (interval: Interval | undefined, types: readonly (Points | undefined)[]) =>
  blockTypes.flatMap((type, index) => {
    const points = types[index];
    if (!interval || !points || points.stored + points.unsure === 0) return [];
    return [[intervalMeasure(timeText(interval.start), type), rangeOf([points])] as const];
  });
