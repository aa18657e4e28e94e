import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import type { LogStream, LogWork, SlotRequest, TimelineSwitch } from '../engines/engine-log.ts';
import type { Source } from '../engines/source.ts';
import { unlessAborted } from '../store/body.ts';
import { retryTiming, untilStored, type RetryTiming } from './committer.ts';
import { recordGap } from './gaps.ts';
import { putHistory } from './history.ts';
import { timelineAt } from './line.ts';
import type { LogPlace } from './place.ts';
import { putPiece } from './piece.ts';
import { noteSeen, noteStored, type ReceiverState } from './receiver-state.ts';
import { resumeAt, type Resume } from './resume.ts';
import { readStored } from './stored.ts';
import { logWriter, type CutRules } from './writer.ts';

/** All that a receiver works with. */
export interface Reception extends CutRules {
  /** Stopped by its signal. */
  readonly run: RunContext;
  readonly place: LogPlace;
  readonly log: LogWork;
  readonly source: Source;
  readonly slot: SlotRequest;
  readonly state: ReceiverState;
  /** Between tries to store. @default half a second to 30 s */
  readonly retry?: RetryTiming;
  /** Between tries to reach the server. @default half a second to 30 s */
  readonly pause?: RetryTiming;
}

const storing = <T>({ run, retry }: Reception, operation: () => Promise<T>): Promise<T> =>
  untilStored(operation, run, retry);

/** The history of the server's timeline, stored where it is not yet. */
const keepHistory = async (
  reception: Reception,
  system: string,
  timeline: number,
): Promise<readonly TimelineSwitch[]> => {
  const { run, log, source, place } = reception;
  const content = await log.history(run, source, timeline);
  if (!content) return [];
  const { histories } = await storing(reception, () => readStored(place, system));
  if (!histories.some((history) => history.timeline === timeline))
    await storing(reception, () => putHistory(place, { system, timeline }, content));
  return log.ancestors(content);
};

interface Begun extends Resume {
  readonly system: string;
  /** Oldest byte that the slot keeps. */
  readonly oldest: bigint;
}

const tellOfSlot = ({ run, slot, place, state }: Reception, before: string): void => {
  const about = { target: place.target, slot: slot.name };
  const tell = (level: 'warn' | 'error', what: string): void => {
    run.log[level](about, what);
    state.tell(`${slot.name}: ${what}`);
  };
  if (before === 'absent') tell('warn', 'made the slot, which the server did not have');
  if (before === 'lost') tell('error', 'the server had given up the slot, which was made again');
};

/** Finds out who the server is, and where its log goes on. */
const begin = async (reception: Reception): Promise<Begun> => {
  const { run, log, source, slot, place, state } = reception;
  const { state: found, before } = await log.openSlot(run, source, slot);
  tellOfSlot(reception, before);
  const identity = await log.identify(run, source);
  const { system, timeline } = identity;
  const ancestors = await keepHistory(reception, system, timeline);
  const stored = await storing(reception, () => readStored(place, system));
  const oldest = mustExist(found.restart, 'oldest log of a slot');
  const resume = resumeAt(identity, ancestors, stored, oldest, log);
  const { from } = resume;
  Object.assign(state, { identity, slot: found, stored: from, received: from, gaps: stored.gaps.length });
  state.point.stored(from);
  return { ...resume, system, oldest };
};

/** Nobody has what comes next: written down, so that the log after it counts. */
const passGap = async (reception: Reception, begun: Begun, cause: BackupError): Promise<Begun> => {
  const { place, run, log, state } = reception;
  const { system, timeline, from, oldest, line } = begun;
  if (from >= oldest) throw cause;
  const why = 'the server no longer had the log';
  await storing(reception, () => recordGap(place, { system, timeline, from, to: oldest }, why, run.now()));
  state.gaps++;
  const stretch = { from: log.formatPosition(from), to: log.formatPosition(oldest) };
  run.log.error({ target: place.target, ...stretch }, 'a gap in the log: take a new base');
  state.tell(`gap from ${stretch.from} to ${stretch.to}: ${why}`);
  return { ...begun, from: oldest, timeline: timelineAt(line, oldest) ?? timeline };
};

/** Takes a timeline's log until it ends, the run is stopped, or something fails; what came is stored in any case. */
const take = async (reception: Reception, begun: Begun, stream: LogStream): Promise<void> => {
  const { place, run, state, retry } = reception;
  const failing = new AbortController();
  const signal = AbortSignal.any([run.signal, failing.signal]);
  const writer = logWriter(
    place,
    begun,
    reception,
    (piece) => untilStored(() => putPiece(place, piece), run, retry),
    (committed) => {
      noteSeen(state, stream);
      noteStored(state, committed);
      stream.confirm(committed.name.to);
    },
  );
  writer.failed.catch(() => failing.abort());
  const chunks = stream.chunks[Symbol.asyncIterator]();
  let expected = begun.from;
  try {
    for (;;) {
      const step = await unlessAborted(chunks.next(), signal);
      if (step.done) break;
      const chunk = step.value;
      if (chunk.from !== expected)
        throw new BackupError('log.gap', `the server sent byte ${chunk.from}, and ${expected} was next`);
      expected += BigInt(chunk.bytes.length);
      state.received = expected;
      noteSeen(state, stream);
      await writer.add(chunk);
    }
  } finally {
    await writer.end();
  }
};

/** How often an idle server is looked at: its recovery point moves on although no log comes. */
const watchMs = 1000;

/** Follows the server's log until its timeline ends. @throws BackupError of the server or the store */
const follow = async (reception: Reception): Promise<void> => {
  const { run, log, source, slot, state, place } = reception;
  const attempt = async (begun: Begun): Promise<void> => {
    const { timeline, from } = begun;
    const stream = await log.stream(run, source, { slot: slot.name, timeline, from });
    const watch = setInterval(() => noteSeen(state, stream), watchMs);
    run.log.info({ target: place.target, timeline, from: log.formatPosition(from) }, 'follows the log');
    state.tell(`follows system ${begun.system}, timeline ${timeline} from ${log.formatPosition(from)}`);
    try {
      await take(reception, begun, stream);
    } finally {
      clearInterval(watch);
      state.isConnected = false;
      await stream.close();
    }
  };
  const begun = await begin(reception);
  await attempt(begun).catch(async (error: unknown) => {
    if (!isBackupError(error, 'log.gap') || state.received !== begun.from) throw error;
    await attempt(await passGap(reception, begun, error));
  });
};

/** A server that is away comes back; what a person has to put right does not pass by itself. */
const mayPass = (error: unknown): boolean =>
  isBackupError(error) && (error.retryable || error.code === 'log.gap');

/** Receives until the run is stopped. @throws what does not pass by itself */
export const receive = async (reception: Reception): Promise<void> => {
  const { run, place, state, pause = retryTiming } = reception;
  for (let pauseMs = pause.firstMs; !run.signal.aborted;) {
    try {
      const before = state.pieces;
      await follow(reception).finally(() => {
        if (state.pieces > before) pauseMs = pause.firstMs;
      });
    } catch (error) {
      if (run.signal.aborted) return;
      if (!mayPass(error)) throw error;
      run.log.warn({ target: place.target, problem: messageOf(error) }, 'lost the log, and tries again');
      state.tell(`lost the log: ${messageOf(error)}`);
      await sleep(pauseMs, undefined, { signal: run.signal }).catch(() => {});
      pauseMs = Math.min(pauseMs * 2, pause.longestMs);
    }
  }
};
