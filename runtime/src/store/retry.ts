import { setTimeout as sleep } from 'node:timers/promises';
import { isBackupError } from '../core/errors.ts';

export interface RetryPolicy {
  /** Tries in all. */
  readonly attempts: number;
  /** Longest pause before the second try; doubled for each further one. */
  readonly baseMs: number;
}

/** On top of the SDK's three tries per request, this outlasts the restart of a gateway. */
export const retryPolicy: RetryPolicy = { attempts: 4, baseMs: 500 };

/** Only failures of the store: what failed in the dump does not get better by sending it again. */
const mayPass = (error: unknown): boolean =>
  isBackupError(error) && error.retryable && error.code.startsWith('store.');

/**
 * Waits before try `attempt + 1`: exponential with jitter, so that jobs that failed together do not come back together.
 * @throws `error` when it is final, the tries are used up, or the signal aborts.
 */
export const pauseAfter = async (
  error: unknown,
  attempt: number,
  policy: RetryPolicy,
  signal?: AbortSignal,
): Promise<void> => {
  if (attempt >= policy.attempts || !mayPass(error)) throw error;
  const longest = policy.baseMs * 2 ** (attempt - 1);
  await sleep(longest * (0.5 + Math.random() / 2), undefined, { signal }).catch(() => {
    throw error;
  });
};

/** Tries an operation that may be repeated. */
export const withRetries = async <T>(
  operation: () => Promise<T>,
  policy: RetryPolicy,
  signal?: AbortSignal,
): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await operation();
    } catch (error) {
      await pauseAfter(error, attempt, policy, signal);
    }
  }
};

/** Yields from `open()`; where that breaks, from a new one, which continues where the last item left off. */
export async function* resuming<T>(
  open: () => AsyncIterable<T>,
  policy: RetryPolicy,
  signal?: AbortSignal,
): AsyncGenerator<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      for await (const item of open()) {
        attempt = 0; // whatever makes progress may go on
        yield item;
      }
      return;
    } catch (error) {
      attempt = Math.max(attempt, 1);
      await pauseAfter(error, attempt, policy, signal);
    }
  }
}
