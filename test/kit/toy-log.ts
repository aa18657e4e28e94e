import { createHash } from 'node:crypto';
import { BackupError } from '../../runtime/src/core/errors.ts';
import type {
  LogChunk,
  LogStream,
  LogWork,
  SlotState,
  TimelineSwitch,
} from '../../runtime/src/engines/engine-log.ts';

const blockBytes = 64;

/** Byte `n` of a timeline's log is the same for everybody who asks, and another on each timeline. */
export const toyBytes = (seed: number, from: bigint, length: number): Buffer => {
  const first = from / BigInt(blockBytes);
  const last = (from + BigInt(length)) / BigInt(blockBytes);
  const blocks: Buffer[] = [];
  for (let block = first; block <= last; block++)
    blocks.push(createHash('sha512').update(`${seed} ${block}`).digest());
  const start = Number(from - first * BigInt(blockBytes));
  return Buffer.concat(blocks).subarray(start, start + length);
};

/** A database with a log and nothing else, in memory. Tests write to it, promote it, and make it forget. */
export interface ToyServer {
  readonly log: LogWork;
  readonly system: string;
  /** End of the log. */
  readonly position: () => bigint;
  readonly slot: () => bigint | undefined;
  readonly write: (bytes: number) => void;
  /** Log of the line that ends in the newest timeline. */
  readonly bytes: (from: bigint, to: bigint) => Buffer;
  /** The log goes on under the next timeline, from a position that may lie before the end. */
  readonly promote: (at?: bigint) => void;
  /** Forgets the slot, and log before a position. */
  readonly forget: (before: bigint) => void;
  /** Log before the slot is removed, as a server does. */
  readonly recycle: () => void;
  /** Ends the connections, as a restart does. */
  readonly cut: () => void;
  /** Time of the server's clock. */
  setClock: (now: () => Date) => void;
}

const mostChunk = 4096;

export const toyServer = (system = '7000000000000000001'): ToyServer => {
  let parts: { timeline: number; from: bigint }[] = [{ timeline: 1, from: 0n }];
  let ends = new Map<number, bigint>();
  let [end, oldest] = [0n, 0n];
  let slot: bigint | undefined;
  let epoch = 0;
  let clock = () => new Date();
  let grown = Promise.withResolvers<void>();
  const wake = (): void => {
    grown.resolve();
    grown = Promise.withResolvers();
  };
  const current = () => parts.at(-1)!;
  const partAt = (position: bigint) => parts.findLast(({ from }) => from <= position)!;
  const bytes = (from: bigint, to: bigint): Buffer => {
    const pieces: Buffer[] = [];
    for (let at = from; at < to;) {
      const part = partAt(at);
      const next = parts[parts.indexOf(part) + 1]?.from ?? to;
      const stop = next < to ? next : to;
      pieces.push(toyBytes(part.timeline, at, Number(stop - at)));
      at = stop;
    }
    return Buffer.concat(pieces);
  };
  const switches = (): readonly TimelineSwitch[] =>
    parts.slice(0, -1).map(({ timeline }, index) => ({ timeline, at: parts[index + 1]!.from }));
  const stateOf = (name: string): SlotState =>
    slot === undefined ? { name, status: 'absent' } : { name, status: 'idle', restart: slot };

  const open = (timeline: number, from: bigint): LogStream => {
    const born = epoch;
    let [position, isClosed] = [from, false];
    let seen: { position: bigint; at: Date } | undefined;
    let switched: TimelineSwitch | undefined;
    async function* chunks(): AsyncGenerator<LogChunk> {
      if (from < oldest) throw new BackupError('log.gap', 'the toy forgot it');
      for (;;) {
        if (isClosed) return;
        if (born !== epoch) throw new BackupError('source.unreachable', 'the toy hung up');
        const until = ends.get(timeline) ?? end;
        seen = { position: end, at: clock() };
        if (position < until) {
          const length = Math.min(mostChunk, Number(until - position));
          const chunk = { from: position, bytes: toyBytes(timeline, position, length), sentAt: clock() };
          position += BigInt(length);
          yield chunk;
        } else if (ends.has(timeline)) {
          const next = parts[parts.findIndex((part) => part.timeline === timeline) + 1]!;
          switched = { timeline: next.timeline, at: next.from };
          return;
        } else await grown.promise;
      }
    }
    return {
      chunks: chunks(),
      confirm: (to) => {
        if (born === epoch && to > end) throw new Error('more was confirmed than there is');
        if (born === epoch) slot = to;
      },
      seen: () => seen,
      switched: () => switched,
      close: async () => {
        isClosed = true;
        wake();
      },
    };
  };
  const log: LogWork = {
    formatPosition: String,
    dropStatement: (name) => `drop ${name}`,
    parsePosition: (text) => (/^\d+$/.test(text) ? BigInt(text) : undefined),
    ancestors: (history) =>
      (JSON.parse(history.toString()) as [number, string][]).map(([timeline, at]) => ({
        timeline,
        at: BigInt(at),
      })),
    identify: async () => ({ system, timeline: current().timeline, position: end }),
    openSlot: async (_run, _source, { name }) => {
      const before = stateOf(name).status;
      slot ??= end;
      return { state: stateOf(name), before };
    },
    slotState: async (_run, _source, name) => stateOf(name),
    dropSlot: async () => void (slot = undefined),
    stream: async (_run, _source, { timeline, from }) => open(timeline, from),
    history: async (_run, _source, timeline) =>
      timeline === 1
        ? undefined
        : Buffer.from(JSON.stringify(switches().map((part) => [part.timeline, String(part.at)]))),
    heartbeat: async () => {
      end += 1n;
      wake();
    },
  };
  return {
    log,
    system,
    position: () => end,
    slot: () => slot,
    write: (count) => {
      end += BigInt(count);
      wake();
    },
    bytes,
    promote: (at = end) => {
      const { timeline } = current();
      ends = new Map([...ends, [timeline, at]]);
      parts = [...parts, { timeline: timeline + 1, from: at }];
      end = at;
      wake();
    },
    forget: (before) => {
      slot = undefined;
      oldest = before;
      epoch++;
      wake();
    },
    recycle: () => void (oldest = slot ?? oldest),
    cut: () => {
      epoch++;
      wake();
    },
    setClock: (now) => void (clock = now),
  };
};
