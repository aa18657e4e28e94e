import type { TimelineSwitch } from '../engines/engine-log.ts';
import type { Stretch } from './cover.ts';

/** One timeline's part of a line: its log counts in [from, to). */
export interface LinePart {
  readonly timeline: number;
  readonly from: bigint;
  /** Absent for the last one. */
  readonly to?: bigint;
}

/** The way through the timelines that ends in one of them. @param ancestors of its history, oldest first */
export const lineOf = (timeline: number, ancestors: readonly TimelineSwitch[]): readonly LinePart[] => {
  const parts = ancestors.map((part, index) => ({
    timeline: part.timeline,
    from: ancestors[index - 1]?.at ?? 0n,
    to: part.at,
  }));
  return [...parts, { timeline, from: ancestors.at(-1)?.at ?? 0n }];
};

/** Log of a timeline. */
export interface OnTimeline extends Stretch {
  readonly timeline: number;
}

/** A piece as far as it belongs to the line. */
export interface OnLine<Piece extends OnTimeline> extends Stretch {
  readonly piece: Piece;
}

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);
const earlier = (a: bigint, b: bigint | undefined): bigint => (b !== undefined && b < a ? b : a);

/** Pieces cut to what counts of them: what a timeline wrote after another one took over is not part of the line. */
export const onLine = <Piece extends OnTimeline>(
  line: readonly LinePart[],
  pieces: readonly Piece[],
): readonly OnLine<Piece>[] =>
  line.flatMap(({ timeline, from, to }) =>
    pieces
      .filter((piece) => piece.timeline === timeline)
      .map((piece) => ({ piece, from: later(piece.from, from), to: earlier(piece.to, to) }))
      .filter((stretch) => stretch.from < stretch.to),
  );

/** The timeline that has the byte at a position; at a switch the new one. */
export const timelineAt = (line: readonly LinePart[], position: bigint): number | undefined =>
  line.find(({ from, to }) => from <= position && (to === undefined || position < to))?.timeline;

/** A position on a timeline. */
export interface LinePoint {
  readonly timeline: number;
  readonly from: bigint;
}

const isAncestor = (part: TimelineSwitch, { timeline, from }: LinePoint): boolean =>
  part.timeline === timeline && part.at >= from;

/**
 * The newest line that goes through a point: its timeline, and those that later took over from it.
 * @param histories that are stored
 */
export const newestLine = async <History extends { readonly timeline: number }>(
  histories: readonly History[],
  ancestorsOf: (history: History) => Promise<readonly TimelineSwitch[]>,
  point: LinePoint,
): Promise<readonly LinePart[]> => {
  const newer = histories
    .filter(({ timeline }) => timeline > point.timeline)
    .toSorted((a, b) => b.timeline - a.timeline);
  for (const history of newer) {
    const ancestors = await ancestorsOf(history);
    if (ancestors.some((part) => isAncestor(part, point))) return lineOf(history.timeline, ancestors);
  }
  const own = histories.find(({ timeline }) => timeline === point.timeline);
  return lineOf(point.timeline, own ? await ancestorsOf(own) : []);
};
