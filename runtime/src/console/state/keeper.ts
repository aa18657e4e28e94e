import { setTimeout as sleep } from 'node:timers/promises';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { readingPauseMs, stateReader, type State } from '../../health/state.ts';
import type { App } from '../../session/app.ts';

/** What the console knows of the stores. */
export interface Knowledge {
  readonly state: State;
  /** Time since the stores were read. */
  readonly ageSeconds: number;
  /** Whether a newer reading is under way. */
  readonly reading: boolean;
  /** Why the newest reading failed, in words; absent where it did not. What is known is then older than it should be. */
  readonly problem?: string | undefined;
}

export interface Keeper {
  /**
   * What is known. Where that is older than a minute, the stores are read again; only where nothing is known, or nobody looked for
   * minutes, this is waited for, a few seconds.
   * @throws BackupError `state.unread`
   */
  readonly look: () => Promise<Knowledge>;
  /**
   * Why there is nothing to say yet; undefined once the stores were read, or could not be, which the pages have to say. Reads
   * the stores where that is due.
   */
  readonly unready: () => string | undefined;
}

/** Longest that a request waits for a reading: a store that hangs must not hang the page that says so. @default 5 s */
const longestWaitMs = 5_000;

/** Pauses after which what is known is too old to be shown without a look. @default 5 - who reloads a page each minute never waits */
const oldPauses = 5;

interface Options {
  readonly pauseMs?: number | undefined;
  readonly waitMs?: number;
  /** In ms, never set back. @default that of the process */
  readonly elapsed?: () => number;
}

const wordsOf = (error: unknown): string =>
  isBackupError(error) ? error.message : 'the program met a defect: see its log';

/**
 * Keeps one state of all targets, from which every page and every answer is made. It is read when somebody asks and the
 * last reading is a minute old: a console that nobody looks at costs no listing. One reading at a time.
 */
export const openKeeper = (app: App, options: Options = {}): Keeper => {
  const { pauseMs = readingPauseMs, waitMs = longestWaitMs, elapsed = () => performance.now() } = options;
  const { now, log, signal } = app.run;
  const read = stateReader(app);
  let state: State | undefined;
  let problem: string | undefined;
  let begunAt = -Infinity;
  let readAt = -Infinity;
  let reading: Promise<void> | undefined;

  const refresh = async (): Promise<void> => {
    const begun = elapsed();
    try {
      state = await read();
      readAt = begun;
      problem = undefined;
    } catch (error) {
      problem = wordsOf(error);
      if (!signal.aborted) log.error({ problem: messageOf(error) }, 'the stores could not be read');
    } finally {
      reading = undefined;
    }
  };
  const refreshWhereDue = (): Promise<void> | undefined => {
    if (!reading && elapsed() - begunAt >= pauseMs) {
      begunAt = elapsed();
      reading = refresh();
    }
    return reading;
  };
  const why = (): string => problem ?? 'the stores were not read yet';
  return {
    look: async () => {
      const refreshed = refreshWhereDue();
      if (elapsed() - readAt >= oldPauses * pauseMs)
        await Promise.race([refreshed, sleep(waitMs, undefined, { ref: false })]);
      if (!state) throw new BackupError('state.unread', why());
      const ageSeconds = Math.max(0, Math.floor((now().getTime() - state.at.getTime()) / 1000));
      return { state, ageSeconds, reading: reading !== undefined, problem };
    },
    unready: () => {
      if (state ?? problem) return undefined;
      void refreshWhereDue();
      return why();
    },
  };
};
