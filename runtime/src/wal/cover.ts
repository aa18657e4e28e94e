/** Bytes [from, to) of a log. */
export interface Stretch {
  readonly from: bigint;
  readonly to: bigint;
}

/** Whether one stretch lies within another. */
export const isWithin = (inner: Stretch, outer: Stretch): boolean =>
  outer.from <= inner.from && outer.to >= inner.to;

/** The lowest position; undefined where there is none. */
export const lowest = (positions: readonly bigint[]): bigint | undefined =>
  positions.reduce<bigint | undefined>(
    (low, each) => (low === undefined || each < low ? each : low),
    undefined,
  );

/** The part of an object that is read for a cover: bytes [from, to) of the log, which lie within it. */
export interface Slice<T> extends Stretch {
  readonly of: T;
}

export interface Cover<T> {
  /** In order, each one beginning where the one before ends. */
  readonly slices: readonly Slice<T>[];
  /** Where the contiguous log ends; `from` where there is none. */
  readonly end: bigint;
  /** What is missing between the end and the next stretch, where one follows. */
  readonly hole?: Stretch;
}

const byFrom = (a: Stretch, b: Stretch): number => (a.from < b.from ? -1 : a.from > b.from ? 1 : 0);

/**
 * The contiguous log from a position on, out of stretches that may overlap, repeat and miss: another receiver cuts
 * elsewhere, and a segment holds what pieces held. Of those that go on from a position the one that reaches farthest is
 * taken, so that few objects are read.
 */
export const cover = <T extends Stretch>(stretches: readonly T[], from: bigint): Cover<T> => {
  const sorted = stretches.filter(({ to }) => to > from).toSorted(byFrom);
  const slices: Slice<T>[] = [];
  let end = from;
  let farthest: T | undefined;
  for (const stretch of sorted) {
    if (farthest && stretch.from > end && farthest.to > end) {
      slices.push({ of: farthest, from: end, to: farthest.to });
      end = farthest.to;
    }
    if (stretch.from > end) return { slices, end, hole: { from: end, to: stretch.from } };
    if (!farthest || stretch.to > farthest.to) farthest = stretch;
  }
  if (farthest && farthest.to > end) {
    slices.push({ of: farthest, from: end, to: farthest.to });
    end = farthest.to;
  }
  return { slices, end };
};
