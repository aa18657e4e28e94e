import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { byId, chainOf } from '../../../runtime/src/wal/chain.ts';
import { cover } from '../../../runtime/src/wal/cover.ts';
import { onLine } from '../../../runtime/src/wal/line.ts';
import { decideLog } from '../../../runtime/src/wal/log-retention.ts';
import { hourOf, type GapName, type PieceName } from '../../../runtime/src/wal/names.ts';
import { storedEnd } from '../../../runtime/src/wal/resume.ts';
import {
  decideBases,
  liveTimelines,
  neededByIncrement,
  silence,
  withoutBase,
  type BaseFact,
  type SystemLog,
} from '../../../runtime/src/wal/retention.ts';
import { lives, played, type Life } from '../../kit/stored-systems.ts';

/** Instants that a base becomes with some log, by any line that it was whole on. */
const restorable = (
  log: SystemLog,
  bases: readonly BaseFact[],
  instants: readonly number[],
): readonly number[] =>
  instants.filter((instant) =>
    bases.some((base) => {
      const { system, timeline, start, end, finishedAt } = base;
      if (system !== log.system || finishedAt > instant) return false;
      if (!chainOf(base, byId(bases))) return false;
      return [...log.lines.values()].some((line) => {
        if (!line.some((part) => part.timeline === timeline && end <= (part.to ?? end))) return false;
        const found = cover(onLine(line, log.pieces), start);
        return found.end >= end && found.slices.some(({ of }) => of.piece.time >= instant);
      });
    }),
  );

/** What is left of a life when everything that may go is gone; `share` of each timeline's objects where a run was killed. */
const pruned = (all: readonly Life[], from: number, share = 1) => {
  const bases = all.flatMap((life) => life.bases);
  const logs = all.map(({ log }) => log);
  const decided = decideBases(logs, bases, from);
  const kept = decided.filter(({ keep }) => keep).map(({ base }) => base);
  return {
    kept,
    removedBases: decided.filter(({ keep }) => !keep).map(({ base }) => base),
    logs: logs.map((log) => {
      const decision = decideLog(log, kept, from);
      const gone = new Set<unknown>();
      for (const { removed, hours } of decision.timelines)
        for (const each of [...hours, ...removed].slice(
          0,
          Math.ceil((hours.length + removed.length) * share),
        ))
          gone.add(each);
      if (share === 1) for (const each of [...decision.histories, ...decision.gaps]) gone.add(each);
      const stays = <T>(each: T): boolean => !gone.has(each);
      const left: SystemLog = {
        ...log,
        pieces: log.pieces.filter(stays),
        hours: log.hours.filter(stays),
        gaps: log.gaps.filter(stays),
        histories: log.histories.filter(stays),
      };
      return { decision, log, left };
    }),
  };
};

const windows = fc.double({ min: 0, max: 1, noNaN: true });
const fromOf = (all: readonly Life[], share: number): number => {
  const [start, now] = [all[0]!.start, Math.max(...all.map((life) => life.now))];
  return start + (now - start) * share;
};

describe('retention of a log and its bases', () => {
  test('property: every instant of the window that could be restored still can, also where a run was killed', () => {
    fc.assert(
      fc.property(lives, windows, windows, (all, window, share) => {
        const from = fromOf(all, window);
        for (const [index, { log, left }] of pruned(all, from, share).logs.entries()) {
          const { kept } = pruned(all, from);
          const times = [from, from + 1, ...all[index]!.log.pieces.map(({ time }) => time)];
          const instants = times.filter((time) => time >= from);
          expect(restorable(left, kept, instants)).toEqual(restorable(log, all[index]!.bases, instants));
        }
      }),
      { numRuns: 5000 },
    );
  });

  test('property: no increment is kept without all that it goes on from, and no base that nothing needs', () => {
    fc.assert(
      fc.property(lives, windows, (all, window) => {
        const { kept, removedBases } = pruned(all, fromOf(all, window));
        for (const base of kept) expect(chainOf(base, byId(kept))).toBeDefined();
        const reasons = decideBases(
          all.map(({ log }) => log),
          all.flatMap(({ bases }) => bases),
          fromOf(all, window),
        );
        for (const { base, reason } of reasons)
          if (reason === neededByIncrement)
            expect(kept.some(({ incrementOf }) => incrementOf === base.id)).toBe(true);
        for (const { id } of removedBases)
          expect(kept.every(({ incrementOf }) => incrementOf !== id)).toBe(true);
      }),
    );
  });

  test('property: what is removed is older than the window, and nothing that a kept base becomes needs it', () => {
    fc.assert(
      fc.property(lives, windows, (all, window) => {
        const from = fromOf(all, window);
        const { kept, removedBases, logs } = pruned(all, from);
        for (const { finishedAt } of removedBases) expect(finishedAt).toBeLessThanOrEqual(from);
        for (const { decision, log, left } of logs) {
          for (const { removed } of decision.timelines)
            for (const { time } of removed) expect(time).toBeLessThan(from);
          const every = log.pieces.map(({ time }) => time);
          expect(restorable(left, kept, every)).toEqual(restorable(log, kept, every));
        }
      }),
      { numRuns: 300 },
    );
  });

  test('property: a receiver goes on where it would have, also after a run that was killed', () => {
    fc.assert(
      fc.property(lives, windows, windows, (all, window, share) => {
        for (const { log, left } of pruned(all, fromOf(all, window), share).logs)
          for (const timeline of liveTimelines(left, fromOf(all, window))) {
            const line = log.lines.get(timeline)!;
            // a line of which all was older than the window begins anew where the slot does
            if (storedEnd(line, left) === undefined) continue;
            expect(storedEnd(line, left)).toEqual(storedEnd(line, log));
          }
      }),
      { numRuns: 5000 },
    );
  });

  test('property: an index that stays has all of its pieces, and pieces that stay have theirs', () => {
    const place = ({ timeline, time }: PieceName) => `${timeline} ${hourOf(new Date(time))}`;
    fc.assert(
      fc.property(lives, windows, windows, (all, window, share) => {
        for (const { log, left } of pruned(all, fromOf(all, window), share).logs) {
          const hours = new Set(left.hours.map(({ timeline, hour }) => `${timeline} ${hour}`));
          const listed = (pieces: readonly PieceName[]) => pieces.filter((piece) => hours.has(place(piece)));
          expect(listed(left.pieces)).toEqual(listed(log.pieces));
        }
      }),
    );
  });

  test('property: a second run finds nothing more to do', () => {
    fc.assert(
      fc.property(lives, windows, (all, window) => {
        const from = fromOf(all, window);
        const { kept, logs } = pruned(all, from);
        for (const { left } of logs) {
          const { timelines, histories, gaps } = decideLog(left, kept, from);
          expect(timelines.flatMap(({ removed, hours }) => [...removed, ...hours])).toEqual([]);
          expect([...histories, ...gaps]).toEqual([]);
        }
      }),
    );
  });

  /** Ten hours: a base in each, and log every half an hour. */
  const tenHours = played(
    '7001',
    Array.from({ length: 10 }, () => [
      [{ does: 'log', size: 10 }, 30] as const,
      [{ does: 'base', size: 0 }, 1] as const,
      [{ does: 'log', size: 10 }, 29] as const,
    ]).flat(),
  );

  test('keeps the newest base before the window, those after it, and the log since', () => {
    const from = tenHours.now - 3 * 3_600_000;
    const { kept, logs } = pruned([tenHours], from);
    expect(kept.map(({ id }) => id)).toEqual([6, 7, 8, 9].map((index) => `base-7001-${index}`));
    const removed = logs.flatMap(({ decision }) => decision.timelines.flatMap((each) => each.removed));
    expect(Math.max(...removed.map(({ to }) => Number(to)))).toBeLessThanOrEqual(Number(kept[0]!.start));
    expect(removed.length).toBeGreaterThanOrEqual(10);
  });

  test('says why each base is kept', () => {
    const [first, second] = tenHours.bases;
    const now = second!.finishedAt + 1000;
    const said = (from: number) =>
      decideBases([tenHours.log], [first!, second!], from).map(({ reason }) => reason);
    expect(said(first!.finishedAt)).toEqual([
      'the start of the window is recovered from it',
      'of the window',
    ]);
    expect(said(now)).toEqual([
      'no instant of the window needs it',
      'the start of the window is recovered from it',
    ]);
    const gone = tenHours.now + 1;
    expect(decideBases([tenHours.log], [first!, second!], gone).map(({ reason }) => reason)).toEqual([
      'no instant of the window needs it',
      'the newest base',
    ]);
  });

  test('waits while no log comes, and before the first base of the server of today', () => {
    const { log, bases, now } = tenHours;
    expect(silence([log], now + 60_000)).toBeUndefined();
    expect(silence([log], now + 3_600_000)).toBe(
      'nothing is removed while the receiver is behind: no log was stored since 2026-11-29T10:00:00.000Z',
    );
    expect(silence([], now)).toBe('nothing is removed while the receiver is behind: no log is stored');
    expect(withoutBase([log], bases)).toBeUndefined();
    expect(withoutBase([log], [])).toBe('nothing is removed before the first base of 7001 is stored');
  });

  test('a gap goes with the log before it, and a history with the timelines that came before', () => {
    const life = played('7001', [
      [{ does: 'log', size: 10 }, 10],
      [{ does: 'gap', size: 10 }, 10],
      [{ does: 'log', size: 10 }, 10],
      [{ does: 'promote', size: 0 }, 1],
      [{ does: 'log', size: 10 }, 60],
      [{ does: 'promote', size: 0 }, 1],
      [{ does: 'log', size: 10 }, 60],
      [{ does: 'base', size: 0 }, 1],
      [{ does: 'log', size: 10 }, 600],
    ]);
    const [{ decision, left }] = pruned([life], life.now - 3_600_000).logs as [never];
    const { gaps, histories } = decision as { gaps: GapName[]; histories: { timeline: number }[] };
    expect(gaps).toEqual(life.log.gaps);
    expect(histories.map(({ timeline }) => timeline)).toEqual([2]);
    expect((left as SystemLog).pieces.map(({ timeline }) => timeline)).toEqual([3]);
  });
});
