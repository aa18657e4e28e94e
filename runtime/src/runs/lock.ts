import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../core/errors.ts';
import { mustExist } from '../core/must-exist.ts';
import { stoppable, withinMs } from '../store/stoppable-store.ts';
import type { Store } from '../store/store.ts';
import { thisProcess, type LockOwner } from './lock-owner.ts';
import { answerMs, keepAlive, lockTiming, type LockTiming } from './lock-renewal.ts';
import {
  findLock,
  generationOf,
  generations,
  lockKey,
  putLock,
  type FoundLock,
  type Lock,
} from './lock-state.ts';

const describe = ({ host, pid, command }: LockOwner): string => `${command} on ${host} (pid ${pid})`;

const held = (target: string, { owner, startedAt, expiresAt }: Lock): BackupError =>
  new BackupError(
    'lock.held',
    `${target} has been locked by ${describe(owner)} since ${startedAt}; the run renews the lock, which otherwise expires at ${expiresAt}`,
  );

const reportTakeover = ({ log }: RunContext, target: string, { lock, state }: FoundLock): void =>
  log.warn(
    { target, state, ...(lock && { owner: describe(lock.owner), expiredAt: lock.expiresAt }) },
    'took over the lock of a run that ended without releasing it',
  );

interface Attempt {
  /** The lock that was taken. */
  readonly taken?: string;
  /** A generation that cannot be taken, though none is there: something else has its name, and the next one is tried. */
  readonly blocked?: number;
}

/** One attempt; neither taken nor blocked where another run took the generation in between. */
const attempt = async (
  run: RunContext,
  store: Store,
  target: string,
  lock: Lock,
  blocked: number,
): Promise<Attempt> => {
  const found = await findLock(store, target, run.now());
  if (found?.state === 'held') throw held(target, mustExist(found.lock, 'owner of the lock'));
  const generation = Math.max(found?.generation ?? 0, blocked) + 1;
  const key = lockKey(target, generation);
  try {
    await putLock(store, key, lock, false);
  } catch (error) {
    if (isBackupError(error, 'store.odd')) return { blocked: generation };
    if (!isBackupError(error, 'store.exists')) throw error;
    return {};
  }
  if (found && found.state !== 'released') reportTakeover(run, target, found);
  return { taken: key };
};

/** Far more runs than begin at once, or odd things than are in the way by chance. */
const mostAttempts = 20;
const pauseMs = 50;

const take = async (run: RunContext, store: Store, target: string, lock: Lock): Promise<string> => {
  let passed = 0;
  for (let count = 0; count < mostAttempts; count++) {
    const { taken, blocked } = await attempt(run, store, target, lock, passed);
    if (taken) return taken;
    if (blocked === undefined) await sleep(pauseMs * Math.random(), undefined, { signal: run.signal });
    passed = blocked ?? passed;
  }
  throw new BackupError(
    'store.failed',
    `${store.location} refused ${mostAttempts} locks of ${target} in a row and shows no run that holds one: see locks/${target}/`,
  );
};

/** Older generations say nothing any more. What cannot be removed, as under Object Lock, stays without harm. */
const removeOlder = async (store: Store, target: string, key: string): Promise<void> => {
  for (const older of await generations(store, target))
    if (generationOf(older) < generationOf(key)) await store.remove(older).catch(() => {});
};

/** A lock that this process holds. */
export interface HeldLock {
  /** Aborts, with a BackupError `lock.lost` as its reason, when the lock could not be renewed in time or was taken. */
  readonly lost: AbortSignal;
  /** Never throws: what cannot be released expires. */
  readonly release: () => Promise<void>;
}

/**
 * Takes the lock of a target: `locks/<target>/<generation>.json` in the store, of which the highest generation counts.
 *
 * Taking it, also from a run that let it expire, is the exclusive creation of the next generation, so a race has one
 * winner: by link(2) in a directory, by `If-None-Match: *` in S3. A renewal writes the owner's own generation and never
 * that of another. Releasing marks it free and leaves it, so that a generation is never given twice.
 *
 * What it does not give: a run that is suspended past the expiry of its lock (a frozen node) works on until its next
 * renewal notices; clocks of nodes that differ by more than the lock's life defeat the expiry; and file systems without
 * hard links and gateways without conditional writes leave a moment between look and write. Archives are safe even
 * then, as none is ever overwritten: two runs would do the same work twice.
 * @throws BackupError `lock.held`, `store.*`
 */
export const takeLock = async (
  run: RunContext,
  store: Store,
  target: string,
  command: string,
  timing: LockTiming = lockTiming,
): Promise<HeldLock> => {
  const now = run.now();
  const lock: Lock = {
    owner: thisProcess(run.randomBytes(8).toString('hex'), command),
    startedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + timing.lifeMs).toISOString(),
  };
  // A run that stops still renews and releases its lock, but asks for none.
  const key = await take(run, stoppable(store, run.signal), target, lock);
  const { lost, stop } = keepAlive(run, store, target, key, lock, timing);
  await removeOlder(stoppable(store, run.signal), target, key).catch(() => {});
  const release = async (): Promise<void> => {
    try {
      const last = await stop();
      const answering = withinMs(store, answerMs);
      const newest = (await generations(answering, target)).at(-1);
      if (newest === key)
        await putLock(answering, key, { ...last, releasedAt: run.now().toISOString() }, true);
    } catch (error) {
      run.log.warn({ target, problem: messageOf(error) }, 'the lock could not be released and will expire');
    }
  };
  return { lost, release };
};

/** Works under a lock more, beside that of the run, and stops where it is lost. @throws as `takeLock`, and what the work throws */
export const underLock = async <T>(
  run: RunContext,
  { store, name, command }: { readonly store: Store; readonly name: string; readonly command: string },
  work: (run: RunContext) => Promise<T>,
): Promise<T> => {
  const lock = await takeLock(run, store, name, command);
  try {
    return await work({ ...run, signal: AbortSignal.any([run.signal, lock.lost]) });
  } finally {
    await lock.release();
  }
};
