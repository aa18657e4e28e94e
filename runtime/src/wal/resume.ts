import type { LogIdentity, LogWork, TimelineSwitch } from '../engines/engine-log.ts';
import { BackupError } from '../core/errors.ts';
import { cover, isWithin } from './cover.ts';
import { lineOf, onLine, timelineAt, type LinePart } from './line.ts';
import type { GapName } from './names.ts';
import type { StoredLog } from './stored.ts';

/** Where a receiver goes on. */
export interface Resume {
  readonly timeline: number;
  readonly from: bigint;
  readonly line: readonly LinePart[];
}

/** The end of what is stored without a hole that is not known as a gap; undefined where nothing is stored. */
export const storedEnd = (line: readonly LinePart[], { pieces, gaps }: StoredLog): bigint | undefined => {
  const stretches = onLine(line, pieces);
  const known = gaps.filter((gap) => timelineAt(line, gap.from) === gap.timeline);
  const [first] = stretches.toSorted((a, b) => (a.from < b.from ? -1 : 1));
  if (!first) return undefined;
  for (let from = first.from; ;) {
    const { end, hole } = cover(stretches, from);
    const gap = hole && known.find((each) => isWithin(hole, each));
    if (!gap || !hole) return end;
    from = hole.to;
  }
};

/**
 * Decides where the log goes on: at the end of what is stored, or at the oldest byte that the slot keeps.
 * @throws BackupError log.diverged where the store is ahead of the server on the server's own timeline
 */
export const resumeAt = (
  { timeline, position }: LogIdentity,
  ancestors: readonly TimelineSwitch[],
  stored: StoredLog,
  oldest: bigint,
  log: Pick<LogWork, 'formatPosition'>,
): Resume => {
  const line = lineOf(timeline, ancestors);
  const from = storedEnd(line, stored) ?? oldest;
  if (from > position)
    throw new BackupError(
      'log.diverged',
      `the store has the log of timeline ${timeline} up to ${log.formatPosition(from)}, and the server has it up to ${log.formatPosition(position)} only`,
    );
  return { timeline: timelineAt(line, from) ?? timeline, from, line };
};

/** What nobody has, where the server lacks what comes next: up to the oldest byte that the slot keeps. */
export const gapAfter = (system: string, { timeline, from }: Resume, oldest: bigint): GapName => ({
  system,
  timeline,
  from,
  to: oldest,
});
