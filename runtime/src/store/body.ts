import { BackupError } from '../core/errors.ts';
import type { Body } from './store.ts';

const writingStopped = (): BackupError =>
  new BackupError('run.interrupted', 'writing to the store was stopped');

/** Settles like `promise`, or rejects with `reason()` as soon as the signal aborts. */
export const unlessAborted = <T>(
  promise: Promise<T>,
  signal: AbortSignal,
  reason: () => BackupError = writingStopped,
): Promise<T> =>
  new Promise((resolve, reject) => {
    const stop = () => reject(reason());
    // A listener per step, not one Promise.race over a long-lived promise, which would keep every chunk alive.
    signal.addEventListener('abort', stop, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  });

/** The chunks of a body; fails with `run.interrupted` on abort, also while the body has nothing to give. */
export async function* chunksOf(
  body: Body,
  signal: AbortSignal = new AbortController().signal,
): AsyncGenerator<Buffer> {
  const iterator = (typeof body === 'function' ? body() : body)[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await unlessAborted(iterator.next(), signal);
      if (step.done) return;
      yield step.value;
    }
  } finally {
    // Not awaited: a body that is stuck would never answer.
    iterator.return?.().catch(() => {});
  }
}
