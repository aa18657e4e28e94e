import fc from 'fast-check';
import { lineOf } from '../../runtime/src/wal/line.ts';
import { hourOf, type GapName, type HistoryName, type PieceName } from '../../runtime/src/wal/names.ts';
import type { BaseFact, SystemLog } from '../../runtime/src/wal/retention.ts';

const minuteMs = 60_000;

/** The life of a database and its receiver, step by step; minutes pass before each. */
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ does: fc.constant('log' as const), size: fc.integer({ min: 1, max: 40 }) }),
  },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('base' as const), size: fc.nat(30) }) },
  { weight: 3, arbitrary: fc.record({ does: fc.constant('increment' as const), size: fc.nat(30) }) },
  { weight: 1, arbitrary: fc.record({ does: fc.constant('promote' as const), size: fc.nat(60) }) },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('gap' as const), size: fc.integer({ min: 1, max: 20 }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ does: fc.constant('segment' as const), size: fc.integer({ min: 2, max: 4 }) }),
  },
);

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

export interface Life {
  readonly log: SystemLog;
  readonly bases: readonly BaseFact[];
  readonly start: number;
  readonly now: number;
}

const noMac = { mac: '', compression: 'zstd', encrypted: true } as const;

export const played = (system: string, steps: readonly (readonly [Step, number])[]): Life => {
  const start = Date.parse('2026-11-29T00:00:00Z');
  const pieces: PieceName[] = [];
  const histories: HistoryName[] = [];
  const gaps: GapName[] = [];
  const bases: BaseFact[] = [];
  let parts: { timeline: number; at: bigint }[] = [];
  const lines = new Map([[1, lineOf(1, [])]]);
  let [timeline, position, begin, time] = [1, 1000n, 1000n, start];
  for (const [{ does, size }, minutes] of steps) {
    time += minutes * minuteMs;
    const length = BigInt(size);
    const to = position + length;
    if (does === 'log') {
      pieces.push({ system, timeline, from: position, to, time, ...noMac });
      position = to;
    } else if (does === 'gap') {
      // where nothing was stored since, the receiver records the gap anew, from the same byte
      const last = gaps.at(-1);
      const open = last && last.from < position && position <= last.to ? last : { timeline, from: position };
      if (pieces.length > 0) gaps.push({ system, timeline: open.timeline, from: open.from, to });
      position = to;
    } else if (does === 'base' || does === 'increment') {
      const from = position - length > begin ? position - length : begin;
      const id = `base-${system}-${bases.length}`;
      const before = does === 'increment' ? bases.at(-1) : undefined;
      bases.push({
        id,
        key: id,
        finishedAt: time,
        system,
        timeline,
        start: from,
        end: position,
        ...(before && { incrementOf: before.id }),
      });
    } else if (does === 'promote') {
      position = position - length > begin ? position - length : begin;
      parts = [...parts, { timeline, at: position }];
      timeline++;
      begin = position;
      histories.push({ system, timeline, mac: '', encrypted: true });
      lines.set(timeline, lineOf(timeline, parts));
    } else {
      const last = pieces.slice(-size);
      const [first, end] = [last[0], last.at(-1)];
      const isWhole = last.every((piece, index) => index === 0 || piece.from === last[index - 1]!.to);
      if (first && end && isWhole && last.every((piece) => piece.timeline === first.timeline))
        pieces.push({ ...first, to: end.to, time: end.time, mac: 'segment' });
    }
  }
  const hours = [...new Set(pieces.map((piece) => `${piece.timeline} ${hourOf(new Date(piece.time))}`))].map(
    (text) => ({ system, timeline: Number(text.split(' ')[0]), hour: text.split(' ')[1]! }),
  );
  return { log: { system, pieces, histories, gaps, hours, lines }, bases, start, now: time };
};

const steps = fc.array(fc.tuple(step, fc.integer({ min: 1, max: 90 })), { minLength: 1, maxLength: 40 });

/** One or two systems; the second one lives at the same time. */
export const lives = fc
  .tuple(steps, fc.option(steps))
  .map(([first, second]) => [played('7001', first), ...(second ? [played('7002', second)] : [])]);
