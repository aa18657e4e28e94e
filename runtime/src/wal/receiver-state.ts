import type { LogIdentity, LogStream, SlotState } from '../engines/engine-log.ts';
import type { PieceName } from './names.ts';
import { recoveryPoint, type RecoveryPoint } from './recovery-point.ts';
import type { Committed } from './writer.ts';

/** What a receiver knows of itself, for metrics and probes. */
export interface ReceiverState {
  /** True while the log flows. */
  isConnected: boolean;
  identity?: Pick<LogIdentity, 'system' | 'timeline'>;
  /** The server's end of the log, when it last said so. */
  serverEnd?: bigint;
  received?: bigint;
  /** All before it is in the store. */
  stored?: bigint;
  slot?: SlotState;
  pieces: number;
  /** Sizes of the log, and of the pieces that hold it. */
  logBytes: number;
  storedBytes: number;
  gaps: number;
  /** The newest piece in the store, of this run. */
  newest?: PieceName;
  readonly point: RecoveryPoint;
  /** Notes what happened, for who looks into the history of the receiver. */
  tell: (what: string) => void;
}

export const newState = (): ReceiverState => ({
  isConnected: false,
  pieces: 0,
  logBytes: 0,
  storedBytes: 0,
  gaps: 0,
  point: recoveryPoint(),
  tell: () => {},
});

/** A piece, and all before it, are stored. */
export const noteStored = (state: ReceiverState, { name, storedBytes }: Committed): void => {
  state.stored = name.to;
  state.newest = name;
  state.pieces++;
  state.logBytes += Number(name.to - name.from);
  state.storedBytes += storedBytes;
  state.point.stored(name.to);
};

/** Takes over what the server said last. */
export const noteSeen = (state: ReceiverState, stream: Pick<LogStream, 'seen'>): void => {
  const seen = stream.seen();
  if (!seen) return;
  state.isConnected = true;
  state.serverEnd = seen.position;
  state.point.see(seen);
};
