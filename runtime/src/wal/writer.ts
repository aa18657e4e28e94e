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

/** Pieces that are sealed and stored side by side: compression, derivation and the store work at the same time. */
const mostInFlight = 4;

/** A receiver that is behind cuts larger pieces than a small `pieceBytes`, as each costs a derivation and a PUT. */
const usualPieceBytes = 4 << 20;

/** In memory there are no more than two of the largest pieces, and one that grows: each is there three times, as log, compressed and sealed. */
const mostPiecesInMemory = 2;

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

/** Log that was not cut yet. */
interface Waiting {
  chunks: Buffer[];
  bytes: number;
  from: bigint;
  time: number;
  isDue: boolean;
}

const nothing = (from: bigint): Waiting => ({ chunks: [], bytes: 0, from, time: 0, isDue: false });

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
  const mostBytesInFlight = mostPiecesInMemory * largestPieceBytes;
  const ciphers = pieceCiphers(place);
  const enqueue = inOrder(commit);
  const failure = Promise.withResolvers<never>();
  failure.promise.catch(() => {}); // thrown by whoever waits
  let waiting = nothing(from);
  let [inFlight, bytesInFlight] = [0, 0];
  let room = Promise.withResolvers<void>();
  let timer: NodeJS.Timeout | undefined;
  let lastCutAt = performance.now();

  const store = async (name: Omit<PieceName, 'mac' | 'compression' | 'encrypted'>, plain: Buffer) => {
    const piece = await sealPiece(place, name, plain, ciphers);
    await put(piece);
    return { name: piece.name, storedBytes: piece.bytes.length };
  };
  const hasRoom = (): boolean =>
    inFlight === 0 || (inFlight < mostInFlight && bytesInFlight + waiting.bytes <= mostBytesInFlight);
  const cut = (): void => {
    const { chunks, bytes, from: start, time } = waiting;
    const to = start + BigInt(bytes);
    clearTimeout(timer);
    timer = undefined;
    lastCutAt = performance.now();
    waiting = nothing(to);
    inFlight++;
    bytesInFlight += bytes;
    void enqueue(store({ system, timeline, from: start, to, time }, Buffer.concat(chunks, bytes)))
      .catch((error: unknown) => failure.reject(error))
      .finally(() => {
        inFlight--;
        bytesInFlight -= bytes;
        room.resolve();
        room = Promise.withResolvers();
        cutIfDue();
      });
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
      waiting.chunks.push(bytes);
      waiting.bytes += bytes.length;
      waiting.time = Math.max(waiting.time, sentAt.getTime());
      timer ??= setTimeout(due, Math.max(gatheringMs, lastCutAt + intervalMs - performance.now()));
      cutIfDue();
      while (waiting.bytes >= largestPieceBytes) await forRoom();
    },
    end: async () => {
      due();
      while (inFlight > 0 || waiting.bytes > 0) await forRoom();
      await Promise.race([failure.promise, Promise.resolve()]);
      clearTimeout(timer);
    },
  };
};
