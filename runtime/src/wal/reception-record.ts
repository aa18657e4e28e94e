import { hostname } from 'node:os';
import type { RunContext } from '../core/context.ts';
import { isBackupError, messageOf } from '../core/errors.ts';
import { stamp } from '../core/units.ts';
import { removeUnlessLocked } from '../store/remove.ts';
import { withinMs } from '../store/stoppable-store.ts';
import { receptionFolder } from './names.ts';
import type { LogPlace } from './place.ts';
import { listReceptions, putReception, readReception, type ReceptionFacts } from './receptions.ts';
import type { ReceiverState } from './receiver-state.ts';

/** Receptions that stay: a receiver that starts once a day is known for a quarter of a year. */
const mostKept = 100;

/** Events of one reception that stay, the newest: a server may come and go for months. */
const mostEvents = 200;

/** A store that does not answer holds neither the log nor the end of the run up. */
const answerMs = 15_000;

/** What a receiver writes down of itself. */
export interface ReceptionRecord {
  /** Notes what happened; the same thing again at once is one. */
  readonly tell: (what: string) => void;
  /** Writes why it ended, after all that was told. */
  readonly end: (error: unknown) => Promise<void>;
}

const whyEnded = ({ signal }: RunContext, error: unknown): string => {
  if (error === undefined) return `stopped: ${messageOf(signal.reason)}`;
  return isBackupError(error) ? `${error.code}: ${error.message}` : messageOf(error);
};

/** What the receiver before left: one that was killed did not say so. */
const lastOf = async (place: LogPlace, keys: readonly string[]): Promise<string | undefined> => {
  const key = keys.at(-1);
  if (key === undefined) return undefined;
  const { host, startedAt, endedAt } = await readReception(place, key);
  return endedAt === undefined
    ? `took over from the receiver on ${host}, which ran since ${startedAt} and did not say that it ended`
    : undefined;
};

/**
 * Keeps the record of one life of a receiver beside the log, as it may have no volume: signed, written when it starts, when
 * something happens, and when it ends. What cannot be written is only logged.
 */
export const beginReception = async (
  run: RunContext,
  whole: LogPlace,
  state: ReceiverState,
): Promise<ReceptionRecord> => {
  const place = () => ({ ...whole, store: withinMs(whole.store, answerMs) });
  const started = run.now();
  const key = `${receptionFolder(whole.target)}${stamp(started)}_${run.randomBytes(3).toString('hex')}.json`;
  let events: ReceptionFacts['events'] = [];
  let omitted = 0;
  let writing = Promise.resolve();
  const attempt = (step: () => Promise<void>): Promise<void> =>
    step().catch((error: unknown) =>
      run.log.warn(
        { target: whole.target, problem: messageOf(error) },
        'the record of the receiver could not be written',
      ),
    );
  let end: Pick<ReceptionFacts, 'endedAt' | 'ended'> = {};
  const factsNow = (): ReceptionFacts => ({
    format: 1,
    environment: whole.environment,
    target: whole.target,
    host: hostname(),
    startedAt: started.toISOString(),
    ...end,
    events,
    ...(omitted > 0 && { omitted }),
    pieces: state.pieces,
    logBytes: state.logBytes,
    storedBytes: state.storedBytes,
  });
  let isWaiting = false;
  /** What is told while a writing waits goes with it. */
  const write = (): Promise<void> => {
    if (isWaiting) return writing;
    isWaiting = true;
    writing = writing.then(() => {
      isWaiting = false;
      return attempt(() => putReception(place(), key, factsNow()));
    });
    return writing;
  };
  const note = (what: string): void => {
    if (events.at(-1)?.what === what) return;
    omitted += Math.max(0, events.length + 1 - mostEvents);
    events = [...events, { at: run.now().toISOString(), what }].slice(-mostEvents);
  };
  await attempt(async () => {
    const keys = await listReceptions(place());
    const before = await lastOf(place(), keys);
    if (before) note(before);
    for (const old of keys.slice(0, Math.max(0, keys.length + 1 - mostKept)))
      await removeUnlessLocked(place().store, old);
  });
  await write();
  return {
    tell: (what) => {
      note(what);
      void write();
    },
    end: (error) => {
      end = { endedAt: run.now().toISOString(), ended: whyEnded(run, error) };
      return write();
    },
  };
};
