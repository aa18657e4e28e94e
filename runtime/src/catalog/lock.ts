import { z } from 'zod';
import type { RunContext } from '../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../core/errors.ts';
import { collect } from '../core/process.ts';
import type { Store } from '../store/store.ts';
import { isDead, ownerSchema, thisProcess, type LockOwner } from './lock-owner.ts';

const lockSchema = z.strictObject({
  owner: ownerSchema,
  startedAt: z.iso.datetime(),
  /** From then on another run may take the lock over. */
  expiresAt: z.iso.datetime(),
  /** Set at the end of the run: the lock is free. */
  releasedAt: z.iso.datetime().optional(),
});

type Lock = z.output<typeof lockSchema>;

/** How a lock stands. `dead`: its process is known to be gone, so it counts as expired. */
export type LockState = 'held' | 'expired' | 'dead' | 'released' | 'unreadable';

export interface FoundLock {
  readonly key: string;
  readonly generation: number;
  readonly state: LockState;
  /** Absent where it is unreadable. */
  readonly lock?: Lock;
}

export interface LockTiming {
  /** From the last renewal until others may take over; far more than the clocks of two nodes differ. */
  readonly lifeMs: number;
  readonly renewMs: number;
}

/** Three renewals may fail before a run loses its lock; a killed run blocks its target for two minutes at most. */
const lockTiming: LockTiming = { lifeMs: 120_000, renewMs: 30_000 };

const folderOf = (target: string): string => `locks/${target}/`;

const keyOf = (target: string, generation: number): string =>
  `${folderOf(target)}${String(generation).padStart(8, '0')}.json`;

const generationOf = (key: string): number => Number(/(\d{8})\.json$/.exec(key)?.[1] ?? 0);

const stateOf = (lock: Lock, now: Date): LockState => {
  if (lock.releasedAt) return 'released';
  if (Date.parse(lock.expiresAt) <= now.getTime()) return 'expired';
  return isDead(lock.owner) ? 'dead' : 'held';
};

const generations = async (store: Store, target: string): Promise<readonly string[]> => {
  const keys: string[] = [];
  for await (const { key } of store.list(folderOf(target))) if (generationOf(key) > 0) keys.push(key);
  return keys;
};

/** A lock that cannot be read was never written by this product, which writes whole objects: it keeps nobody away. */
const read = async (store: Store, key: string, now: Date): Promise<FoundLock> => {
  const found = { key, generation: generationOf(key) };
  const text = (await collect(store.get(key))).toString('utf8');
  try {
    const lock = lockSchema.parse(JSON.parse(text));
    return { ...found, state: stateOf(lock, now), lock };
  } catch {
    return { ...found, state: 'unreadable' };
  }
};

/** The lock of a target that counts, which is the one of the highest generation; undefined where none was ever taken. */
export const findLock = async (store: Store, target: string, now: Date): Promise<FoundLock | undefined> => {
  const newest = (await generations(store, target)).at(-1);
  return newest === undefined ? undefined : read(store, newest, now);
};

const put = (store: Store, key: string, lock: Lock, replace: boolean): Promise<number> => {
  const text = Buffer.from(`${JSON.stringify(lock)}\n`);
  const body = async function* () {
    yield text;
  };
  // A stream comes once: tried again after a lost answer, an exclusive put would find itself.
  return store.put(key, replace ? body : body(), { replace });
};

const describe = ({ host, pid, command }: LockOwner): string => `${command} on ${host} (pid ${pid})`;

const held = (target: string, { owner, startedAt, expiresAt }: Lock): BackupError =>
  new BackupError(
    'lock.held',
    `${target} is locked by ${describe(owner)} since ${startedAt}; the lock is renewed while it runs and ends at ${expiresAt} otherwise`,
  );

const reportTakeover = ({ log }: RunContext, target: string, { lock, state }: FoundLock): void =>
  log.warn(
    { target, state, ...(lock && { owner: describe(lock.owner), expiredAt: lock.expiresAt }) },
    'took over the lock of a run that ended without releasing it',
  );

/** One attempt; undefined where another run took the generation in between. */
const attempt = async (
  run: RunContext,
  store: Store,
  target: string,
  lock: Lock,
): Promise<string | undefined> => {
  const found = await findLock(store, target, run.now());
  if (found?.state === 'held') throw held(target, found.lock!);
  const key = keyOf(target, (found?.generation ?? 0) + 1);
  try {
    await put(store, key, lock, false);
  } catch (error) {
    if (isBackupError(error, 'store.exists')) return undefined;
    throw error;
  }
  if (found && found.state !== 'released') reportTakeover(run, target, found);
  return key;
};

const take = async (run: RunContext, store: Store, target: string, lock: Lock): Promise<string> => {
  for (;;) {
    const key = await attempt(run, store, target, lock);
    if (key) return key;
  }
};

/** Older generations say nothing any more. What cannot be removed, as under Object Lock, stays without harm. */
const removeOlder = async (store: Store, target: string, key: string): Promise<void> => {
  for (const older of await generations(store, target))
    if (older < key) await store.remove(older).catch(() => {});
};

/** A lock that this process holds. */
export interface HeldLock {
  /** Aborts, with a BackupError `lock.lost` as its reason, when the lock could not be renewed in time or was taken. */
  readonly lost: AbortSignal;
  /** Never throws: what cannot be released expires. */
  readonly release: () => Promise<void>;
}

/** Renews a lock until stopped. */
const keepAlive = (
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
    const renewed = { ...lock, expiresAt: new Date(run.now().getTime() + timing.lifeMs).toISOString() };
    if ((await generations(store, target)).at(-1) !== key)
      return lost.abort(new BackupError('lock.lost', `the lock of ${target} was taken over or removed`));
    await put(store, key, renewed, true);
    lock = renewed;
  };
  const failed = (error: unknown): void =>
    run.log.warn({ target, problem: messageOf(error) }, 'the lock could not be renewed');
  const expire = (): void => {
    if (run.now().getTime() >= Date.parse(lock.expiresAt))
      lost.abort(
        new BackupError('lock.lost', `the lock of ${target} could not be renewed before it expired`),
      );
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
  const key = await take(run, store, target, lock);
  const { lost, stop } = keepAlive(run, store, target, key, lock, timing);
  await removeOlder(store, target, key).catch(() => {});
  const release = async (): Promise<void> => {
    try {
      const last = await stop();
      const newest = (await generations(store, target)).at(-1);
      if (newest === key) await put(store, key, { ...last, releasedAt: run.now().toISOString() }, true);
    } catch (error) {
      run.log.warn({ target, problem: messageOf(error) }, 'the lock could not be released and will expire');
    }
  };
  return { lost, release };
};
