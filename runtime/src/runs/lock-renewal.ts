import type { RunContext } from '../core/context.ts';
import { BackupError, messageOf } from '../core/errors.ts';
import { withinMs } from '../store/stoppable-store.ts';
import type { Store } from '../store/store.ts';
import { generations, putLock, type Lock } from './lock-state.ts';

export interface LockTiming {
  /** From the last renewal until others may take over; far more than the clocks of two nodes differ. */
  readonly lifeMs: number;
  readonly renewMs: number;
}

/** Two renewals may fail before a run gives up; a killed run blocks its target for two minutes at most. */
export const lockTiming: LockTiming = { lifeMs: 120_000, renewMs: 30_000 };

/** Longest that a renewal, or the release, waits for a store that does not answer. */
export const answerMs = 15_000;

/** Renews a lock until stopped; gives up before others may take it over. */
export const keepAlive = (
  run: RunContext,
  store: Store,
  target: string,
  key: string,
  first: Lock,
  timing: LockTiming,
) => {
  const lost = new AbortController();
  let lock = first;
  let beat: Promise<void> = Promise.resolve();
  const renew = async (): Promise<void> => {
    const answering = withinMs(store, answerMs);
    const renewed = { ...lock, expiresAt: new Date(run.now().getTime() + timing.lifeMs).toISOString() };
    if ((await generations(answering, target)).at(-1) !== key)
      return lost.abort(new BackupError('lock.lost', `the lock of ${target} was taken over or removed`));
    await putLock(answering, key, renewed, true);
    lock = renewed;
  };
  const failed = (error: unknown): void =>
    run.log.warn({ target, problem: messageOf(error) }, 'the lock could not be renewed');
  const expire = (): void => {
    if (run.now().getTime() + timing.renewMs >= Date.parse(lock.expiresAt))
      lost.abort(new BackupError('lock.lost', `the lock of ${target} could not be renewed in time`));
  };
  let busy = false;
  const timer = setInterval(() => {
    expire();
    if (busy || lost.signal.aborted) return;
    busy = true;
    beat = renew()
      .catch(failed)
      .finally(() => (busy = false));
  }, timing.renewMs);
  timer.unref();
  return {
    lost: lost.signal,
    stop: async (): Promise<Lock> => {
      clearInterval(timer);
      await beat;
      return lock;
    },
  };
};
