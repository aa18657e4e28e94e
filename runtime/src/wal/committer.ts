import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from 'pino';
import { isBackupError, messageOf } from '../core/errors.ts';

export interface RetryTiming {
  readonly firstMs: number;
  readonly longestMs: number;
}

/** Meanwhile the server keeps the log, and is told to keep it: nothing is gained by giving up. */
export const retryTiming: RetryTiming = { firstMs: 500, longestMs: 30_000 };

/** What may be otherwise in a moment: a store that is away, answers nonsense, or is full until somebody makes room. */
const mayPass = (error: unknown): boolean =>
  isBackupError(error) &&
  ((error.retryable && error.code.startsWith('store.')) || error.code === 'store.full');

/** Tries until it succeeds, for as long as the signal lets it. @throws what does not pass by itself */
export const untilStored = async <T>(
  operation: () => Promise<T>,
  { log, signal }: { readonly log: Logger; readonly signal: AbortSignal },
  timing: RetryTiming = retryTiming,
): Promise<T> => {
  for (let pauseMs = timing.firstMs; ; pauseMs = Math.min(pauseMs * 2, timing.longestMs)) {
    try {
      return await operation();
    } catch (error) {
      if (!mayPass(error) || signal.aborted) throw error;
      log.warn({ problem: messageOf(error) }, 'the log could not be stored, and is tried again');
      await sleep(pauseMs * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {
        throw error;
      });
    }
  }
};
