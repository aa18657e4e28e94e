import type { RunContext } from '../../runtime/src/core/context.ts';
import type { Store } from '../../runtime/src/store/store.ts';
import type { LogPlace } from '../../runtime/src/wal/place.ts';
import { openLogReader, type ReadRequest } from '../../runtime/src/wal/reader.ts';
import { receive, type Reception } from '../../runtime/src/wal/receive.ts';
import { newState, type ReceiverState } from '../../runtime/src/wal/receiver-state.ts';
import { testKeys } from './app.ts';
import { testRun } from './run.ts';
import type { ToyServer } from './toy-log.ts';
import { until } from './until.ts';

/** The place of a log of target `toys`, compressed by zstd and sealed. */
export const toyPlace = (store: Store, more: Partial<LogPlace> = {}): LogPlace => ({
  store,
  target: 'toys',
  environment: 'test',
  keys: testKeys,
  compression: { algorithm: 'zstd', level: 1 },
  randomBytes: testRun().randomBytes,
  ...more,
});

/** A receiver of a toy's log. */
export interface ToyReceiver {
  readonly state: ReceiverState;
  /** Stops it as SIGTERM does; rejects with what it failed with. */
  readonly stop: () => Promise<void>;
  readonly ended: Promise<void>;
}

export const startToyReceiver = (
  server: ToyServer,
  place: LogPlace,
  more: Partial<Reception> & { readonly run?: RunContext } = {},
): ToyReceiver => {
  const stopping = new AbortController();
  const state = newState();
  const ended = receive({
    place,
    log: server.log,
    source: { name: 'toys', connection: {}, credentials: {} },
    slot: { name: 'toy', allowUnlimited: false },
    pieceBytes: 10_000,
    intervalMs: 5,
    retry: { firstMs: 1, longestMs: 5 },
    pause: { firstMs: 1, longestMs: 5 },
    state,
    ...more,
    run: testRun({ signal: stopping.signal }),
  });
  ended.catch(() => {}); // thrown by `stop`
  return {
    state,
    ended,
    stop: async () => {
      stopping.abort(new Error('the test is over'));
      await ended;
    },
  };
};

/** Waits until all that the server has is in the store, and the slot has moved there. */
export const untilAllStored = async (server: ToyServer, { state, ended }: ToyReceiver): Promise<void> => {
  let failure: Error | undefined;
  ended.catch((error: Error) => (failure = error));
  await until(() => {
    if (failure) return true;
    return state.stored === server.position() && server.slot() === server.position();
  });
  if (failure) throw failure;
};

/** What a reader makes of the stored log. */
export const readBack = async (place: LogPlace, server: ToyServer, request: Omit<ReadRequest, 'system'>) => {
  const reader = await openLogReader(place, server.log, { system: server.system, ...request });
  const chunks: Buffer[] = [];
  for await (const chunk of reader.read(request.from)) chunks.push(chunk);
  return { reader, bytes: Buffer.concat(chunks) };
};
