import { isOfFuture } from '../archives/authentic.ts';
import type { BaseFacts } from '../engines/engine-base.ts';
import { cover } from './cover.ts';
import { onLine, type LinePart } from './line.ts';
import type { LogStretch } from './stretches.ts';

/** A base, and the line that recovery from it follows. */
export interface BaseOnLine {
  readonly facts: BaseFacts;
  /** When it was whole: from then on it counts. */
  readonly finishedAt: string;
  readonly line: readonly LinePart[];
  /** Of the base's system. */
  readonly pieces: readonly LogStretch[];
}

/** Any instant between the two can be restored, both included. */
export interface Instants {
  readonly from: string;
  readonly to: string;
}

/** Log that a base reaches without a hole; undefined where that does not make it whole. */
const reached = ({ facts, finishedAt, line, pieces }: BaseOnLine, now: Date): Instants | undefined => {
  const isThere = ({ time }: LogStretch): boolean => !isOfFuture(new Date(time).toISOString(), now);
  const { slices, end } = cover(onLine(line, pieces.filter(isThere)), facts.start);
  // not the latest of all: the last piece of a timeline that was left reaches further than what counts of it
  const to = new Date(slices.at(-1)?.of.piece.time ?? 0).toISOString();
  return end >= facts.end && to >= finishedAt ? { from: finishedAt, to } : undefined;
};

const earlier = (a: string, b: string | undefined): string => (b !== undefined && b < a ? b : a);

/**
 * The instants that can be restored, oldest first, cut at what is missing. Each is recovered from the newest base before it,
 * as `restore --to` does: log that an older base reaches does not stand in for what that one lacks. Pure.
 * @param bases oldest first
 */
export const instantsOf = (bases: readonly BaseOnLine[], now: Date): readonly Instants[] => {
  const windows: Instants[] = [];
  for (const [index, base] of bases.entries()) {
    const found = reached(base, now);
    if (!found) continue;
    const { from } = found;
    const to = earlier(found.to, bases[index + 1]?.finishedAt);
    const before = windows.at(-1);
    if (before && before.to === from) windows[windows.length - 1] = { from: before.from, to };
    else windows.push({ from, to });
  }
  return windows;
};

/** How often the log is broken off, from the oldest base of the newest one's system on. Pure. @param bases oldest first */
export const holesAfter = (bases: readonly BaseOnLine[]): number => {
  const newest = bases.at(-1);
  if (!newest) return 0;
  const stretches = onLine(newest.line, newest.pieces);
  const oldest = bases.find(({ facts }) => facts.system === newest.facts.system);
  let holes = 0;
  for (let from = oldest?.facts.start; from !== undefined;) {
    const { hole } = cover(stretches, from);
    if (hole) holes++;
    from = hole?.to;
  }
  return holes;
};
