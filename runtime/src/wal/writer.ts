import { giveBack } from '../core/give-back.ts';
import type { LogChunk } from '../engines/engine-log.ts';
import type { PieceName } from './names.ts';
import { pieceCiphers, sealPiece, type SealedPiece } from './piece.ts';
import type { LogPlace } from './place.ts';

export interface CutRules {
  /** Log that is stored at once. */
  readonly pieceBytes: number;
  /** Least time between two pieces that are not full: log waits for so long at most, and not at all after a pause. */
  readonly intervalMs: number;
}

/** Pieces that are compressed, sealed and stored side by side: processor, disk or network, and the store work at the same time. */
const mostInFlight = 8;

/** A receiver that is behind cuts larger pieces than a small `pieceBytes`, as each costs requests to the store. */
const usualPieceBytes = 4 << 20;

/**
 * What pieces in flight hold: log until it is compressed, then what is stored, and the store's copy of that. Room for two of the
 * largest as log, and for some more that are on their way to the store.
 */
const mostBytesInFlight = (largestPieceBytes: number): number => 2 * largestPieceBytes + (8 << 20);

/** What one commit writes comes in a few messages: they become one piece. */
const gatheringMs = 5;

/** Taking a timeline's log as it comes, into pieces. */
export interface LogWriter {
  /** Resolves when more may come: what waits is bounded. @throws what storing failed with */
  readonly add: (chunk: LogChunk) => Promise<void>;
  /** Stores what waits, and resolves when all is stored. @throws what storing failed with */
  readonly end: () => Promise<void>;
  /** Rejects when storing failed, and never resolves. */
  readonly failed: Promise<never>;
}

/** What a piece is told about once it is stored, and all before it. */
export interface Committed {
  readonly name: PieceName;
  readonly storedBytes: number;
}

/** Calls `commit` for each result in the order in which they were begun, whichever is done first. */
const inOrder = <T>(commit: (result: T) => void): ((result: Promise<T>) => Promise<void>) => {
  let before: Promise<void> = Promise.resolve();
  return (result) => {
    const previous = before;
    before = (async () => {
      const [value] = await Promise.all([result, previous]);
      commit(value);
    })();
    return before;
  };
};

/** Log that was not cut yet, in memory that serves one piece after the other: garbage of its size would pile up. */
interface Waiting {
  readonly memory: Buffer;
  bytes: number;
  from: bigint;
  time: number;
  isDue: boolean;
}

/** Memory for the largest piece, used again when it is given back. */
const pieceMemory = (largestPieceBytes: number) => {
  const spare: Buffer[] = [];
  return {
    take: (): Buffer => spare.pop() ?? Buffer.allocUnsafeSlow(largestPieceBytes),
    giveBack: (memory: Buffer): void => void spare.push(memory),
  };
};

/**
 * Cuts a timeline's log into pieces, and stores them. @param put stores a piece; tries again by itself
 * @param commit told of each piece once it and all before it are stored
 */
export const logWriter = (
  place: LogPlace,
  { system, timeline, from }: { readonly system: string; readonly timeline: number; readonly from: bigint },
  { pieceBytes, intervalMs }: CutRules,
  put: (piece: SealedPiece) => Promise<void>,
  commit: (committed: Committed) => void,
): LogWriter => {
  const largestPieceBytes = Math.max(usualPieceBytes, pieceBytes);
  const memory = pieceMemory(largestPieceBytes);
  const beginAt = (position: bigint): Waiting => ({
    memory: memory.take(),
    bytes: 0,
    from: position,
    time: 0,
    isDue: false,
  });
  const ciphers = pieceCiphers(place);
  const enqueue = inOrder(commit);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {}); // thrown by whoever waits
  let waiting = beginAt(from);
  let [inFlight, bytesInFlight] = [0, 0];
  let room = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  let lastCutAt = performance.now();

  const changeInFlight = (pieces: -1 | 0, bytes: number): void => {
    inFlight += pieces;
    bytesInFlight += bytes;
    cutIfDue();
    room.resolve();
    room = Promise.withResolvers();
  };
  const seal = async ({ memory: log, bytes, from: start, time }: Waiting): Promise<SealedPiece> => {
    const of = { system, timeline, from: start, to: start + BigInt(bytes), time };
    const piece = await sealPiece(place, of, log.subarray(0, bytes), ciphers);
    memory.giveBack(log);
    return piece;
  };
  const store = async (log: Waiting): Promise<Committed> => {
    let held = log.bytes;
    try {
      const piece = await seal(log);
      changeInFlight(0, 2 * piece.bytes - held);
      held = 2 * piece.bytes;
      await put(piece);
      giveBack(piece.parts);
      return { name: piece.name, storedBytes: piece.bytes };
    } finally {
      changeInFlight(0, -held);
    }
  };
  const hasRoom = (): boolean =>
    inFlight === 0 ||
    (inFlight < mostInFlight && bytesInFlight + waiting.bytes <= mostBytesInFlight(largestPieceBytes));
  const cut = (): void => {
    const log = waiting;
    clearTimeout(timer);
    timer = undefined;
    lastCutAt = performance.now();
    waiting = beginAt(log.from + BigInt(log.bytes));
    inFlight++;
    bytesInFlight += log.bytes;
    void enqueue(store(log))
      .catch((error: unknown) => failure.reject(error))
      .finally(() => changeInFlight(-1, 0));
  };
  const cutIfDue = (): void => {
    if (waiting.bytes > 0 && (waiting.isDue || waiting.bytes >= pieceBytes) && hasRoom()) cut();
  };
  const due = (): void => {
    waiting.isDue = true;
    cutIfDue();
  };
  const forRoom = () => Promise.race([room.promise, failure.promise]);
  return {
    failed: failure.promise,
    add: async ({ bytes, sentAt }) => {
      for (let taken = 0; taken < bytes.length;) {
        const copied = bytes.copy(waiting.memory, waiting.bytes, taken);
        taken += copied;
        waiting.bytes += copied;
        waiting.time = Math.max(waiting.time, sentAt.getTime());
        timer ??= setTimeout(due, Math.max(gatheringMs, lastCutAt + intervalMs - performance.now()));
        cutIfDue();
        while (waiting.bytes === largestPieceBytes) await forRoom();
      }
    },
    end: async () => {
      due();
      while (inFlight > 0 || waiting.bytes > 0) await forRoom();
      await Promise.race([failure.promise, Promise.resolve()]);
      clearTimeout(timer);
    },
  };
};
