import { BackupError } from '../core/errors.ts';
import { unlessAborted } from './body.ts';
import type { Store } from './store.ts';

/** Why an operation was left: the run was stopped, or the store took too long. */
const leftBecause = ({ location }: Store, { reason }: AbortSignal): BackupError =>
  (reason as Error | undefined)?.name === 'TimeoutError'
    ? new BackupError('store.unreachable', `${location} did not answer in time`)
    : new BackupError('run.interrupted', `waiting for ${location} was stopped`);

/** A step that hangs is left alone: the process ends soon. */
async function* each<T>(
  store: Store,
  source: AsyncIterable<T>,
  signal: AbortSignal,
): AsyncGenerator<T, void, undefined> {
  const iterator = source[Symbol.asyncIterator]();
  try {
    for (;;) {
      const step = await unlessAborted(iterator.next(), signal, () => leftBecause(store, signal));
      if (step.done) return;
      yield step.value;
    }
  } finally {
    iterator.return?.().catch(() => {}); // not awaited: what hangs would never answer
  }
}

/**
 * A store of which no operation outlasts the signal, however the store answers, or whether it does: `run.interrupted`, and
 * `store.unreachable` where the signal is that of a timeout.
 */
export const stoppable = (store: Store, signal: AbortSignal): Store => {
  const now = <T>(operation: () => Promise<T>): Promise<T> =>
    signal.aborted
      ? Promise.reject(leftBecause(store, signal))
      : unlessAborted(operation(), signal, () => leftBecause(store, signal));
  return {
    ...store,
    // A `put` that is told to stop removes what it began, which is worth waiting for.
    put: (key, body, options) =>
      options?.signal ? store.put(key, body, options) : now(() => store.put(key, body, options)),
    get: (key, start) => each(store, store.get(key, start), signal),
    head: (key) => now(() => store.head(key)),
    list: (prefix, options) => each(store, store.list(prefix, options), signal),
    remove: (key) => now(() => store.remove(key)),
    copy: (from, to) => now(() => store.copy(from, to)),
    point: (alias, key) => now(() => store.point(alias, key)),
    resolve: (alias) => now(() => store.resolve(alias)),
    prolong: (key, until) => now(() => store.prolong(key, until)),
    space: () => now(() => store.space()),
    leftovers: (olderThan) => now(() => store.leftovers(olderThan)),
    removeLeftovers: (olderThan) => now(() => store.removeLeftovers(olderThan)),
  };
};

/** A store that gets so long for all that is asked of it from now on. */
export const withinMs = (store: Store, ms: number): Store => stoppable(store, AbortSignal.timeout(ms));

/** Steps that belong together, such as removing a manifest and its archive, end within this time where the store answers. */
const graceMs = 10_000;

/** A store that a run which is stopped may use for a little longer, and no more: a pod has 30 s from SIGTERM on. */
export const stoppedSoonAfter = (store: Store, signal: AbortSignal): Store => {
  const late = new AbortController();
  const stop = (): void => void setTimeout(() => late.abort(signal.reason), graceMs);
  if (signal.aborted) stop();
  else signal.addEventListener('abort', stop, { once: true });
  return stoppable(store, late.signal);
};
