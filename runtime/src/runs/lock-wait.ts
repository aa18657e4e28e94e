import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../core/context.ts';
import { isBackupError } from '../core/errors.ts';
import { formatSeconds } from '../core/units.ts';

/** Far below what a run or a person notices, and few requests to a store in S3. */
const pollSeconds = 2;

/** Of the deadline: after a wait, and the waits of two more tries of the Job, there is still time for the run. */
const share = 4;

/**
 * Longest wait for a held lock. Runs of Jobs have a deadline and nobody who looks, so they wait; what a person types has
 * none, and is told at once who holds the lock.
 */
export const lockWaitSeconds = (deadlineSeconds: number | undefined): number =>
  Math.floor((deadlineSeconds ?? 0) / share);

/**
 * Takes a lock, and tries again while another run holds it. Counted in pauses and not by the clock, which may be set.
 * @throws what `take` throws; BackupError `lock.held` after `waitSeconds`; AbortError where the run is stopped
 */
export const whenFree = async <T>(
  { log, signal }: RunContext,
  target: string,
  waitSeconds: number,
  take: () => Promise<T>,
): Promise<T> => {
  for (let waited = 0; ; waited += pollSeconds) {
    try {
      return await take();
    } catch (error) {
      if (!isBackupError(error, 'lock.held') || waited >= waitSeconds) throw error;
      if (waited === 0)
        log.info(
          { target, atMost: formatSeconds(waitSeconds), problem: error.message },
          'waits until the other run has ended',
        );
    }
    await sleep(pollSeconds * 1000, undefined, { signal });
  }
};
