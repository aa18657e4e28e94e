import { timeText } from '../intervals.ts';
import type { SeriesSet } from './series-set.ts';
import type { Points, Tally } from './tally.ts';

/** Time that a shard covers, in nanoseconds; `last` included. */
export interface Span {
  readonly first: bigint;
  readonly last: bigint;
}

/** What one shard adds to the counts of its item, so that it need not be read again to be counted again. */
export interface ShardFacts {
  /** Intervals of the item that lie in its span: `<start>/<end>`. */
  readonly intervals: readonly string[];
  /** Index of the interval, index of the type, points. */
  readonly points: readonly (readonly [interval: number, type: number, points: number])[];
  /** 64 bits of a hash of each series, under one key for all shards, in base64. */
  readonly series: string;
}

/** Series of one shard that are remembered: notes of more would cost as much as they save. @default 2^20 - 8 MiB */
const mostSeries = 1 << 20;

/** Series of one shard, which go on into those of its item. */
export class ShardSeries {
  readonly #all: SeriesSet;
  #hashes: number[] = [];
  isWhole = true;

  constructor(all: SeriesSet) {
    this.#all = all;
  }

  add(data: Uint8Array, isLive: boolean, from = 0, to = data.length): void {
    this.#all.add(data, isLive, from, to);
    const { low, high } = this.#all.hash;
    if (this.#hashes.length < 2 * mostSeries) this.#hashes.push(low, high);
    else this.isWhole = false;
  }

  get text(): string {
    return Buffer.from(Int32Array.from(this.#hashes).buffer).toString('base64');
  }
}

const intervalText = ({ intervals }: Tally, index: number): string => {
  const { start = 0n, end = 0n } = intervals[index] ?? {};
  return `${timeText(start)}/${timeText(end)}`;
};

/** Intervals of a span, all of the time before the dump; undefined where points may still come. */
const closedIn = (tally: Tally, { first, last }: Span): readonly number[] | undefined => {
  const found = tally.within(first, last);
  return found.every((index) => tally.isClosed(index)) ? found : undefined;
};

type Before = readonly (readonly (Points | undefined)[])[];

/** What a tally has now. */
export const copyOf = ({ points }: Tally): Before =>
  points.map((types) => types.map((each) => each && { ...each }));

/** What came since, by interval and type; undefined where deleted points, or points of unknown times, are among it. */
const addedSince = (tally: Tally, before: Before): [number, number, number][] | undefined => {
  const added: [number, number, number][] = [];
  for (const [interval, types] of tally.points.entries())
    for (const [type, { stored, live, unsure } = { stored: 0, live: 0, unsure: 0 }] of types.entries()) {
      const old = before[interval]?.[type] ?? { stored: 0, live: 0, unsure: 0 };
      if (stored - old.stored !== live - old.live || unsure !== old.unsure) return undefined;
      if (stored > old.stored) added.push([interval, type, stored - old.stored]);
    }
  return added;
};

/** What a shard added; undefined where it has to be read again to be counted again. */
export const factsOf = (
  tally: Tally,
  span: Span,
  before: Before,
  series: ShardSeries,
): ShardFacts | undefined => {
  const own = closedIn(tally, span);
  const added = addedSince(tally, before);
  if (!own || !added || !series.isWhole || added.some(([interval]) => !own.includes(interval)))
    return undefined;
  const points = added.map(([interval, type, count]) => [own.indexOf(interval), type, count] as const);
  return { intervals: own.map((index) => intervalText(tally, index)), points, series: series.text };
};

/** Adds what a shard added before; false, and nothing is added, where the intervals are others now. */
export const addFacts = (tally: Tally, all: SeriesSet, span: Span, facts: ShardFacts): boolean => {
  const own = closedIn(tally, span);
  const texts = own?.map((index) => intervalText(tally, index)) ?? [];
  if (!own || texts.length !== facts.intervals.length) return false;
  if (texts.some((text, index) => text !== facts.intervals[index])) return false;
  for (const [interval, type, count] of facts.points) {
    const points = tally.at(own[interval] ?? -1, type);
    if (!points) continue;
    points.stored += count;
    points.live += count;
  }
  const bytes = Buffer.from(facts.series, 'base64');
  for (let at = 0; at + 8 <= bytes.length; at += 8)
    all.addHash(bytes.readInt32LE(at), bytes.readInt32LE(at + 4), true);
  return true;
};
