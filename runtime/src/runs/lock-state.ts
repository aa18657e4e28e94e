import { z } from 'zod';
import { isBackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { listed } from '../store/listed.ts';
import { readSmall } from '../store/size-limits.ts';
import type { Store } from '../store/store.ts';
import { isDead, ownerSchema } from './lock-owner.ts';

const lockSchema = z.strictObject({
  owner: ownerSchema,
  startedAt: z.iso.datetime(),
  /** From then on another run may take the lock over. */
  expiresAt: z.iso.datetime(),
  /** Set at the end of the run: the lock is free. */
  releasedAt: z.iso.datetime().optional(),
});

/** Content of a lock's object. */
export type Lock = z.output<typeof lockSchema>;

/** How a lock stands. `dead`: its process is known to be gone, so it counts as expired. */
export type LockState = 'held' | 'expired' | 'dead' | 'released' | 'unreadable';

export interface FoundLock {
  readonly key: string;
  readonly generation: number;
  readonly state: LockState;
  /** Absent where it is unreadable. */
  readonly lock?: Lock;
}

const folderOf = (target: string): string => `locks/${target}/`;

export const lockKey = (target: string, generation: number): string =>
  `${folderOf(target)}${String(generation).padStart(8, '0')}.json`;

/** 0 for what is no lock. More digits than are written, so that the generation after 99,999,999 is one too. */
export const generationOf = (key: string): number => Number(/\/(\d{8,15})\.json$/.exec(key)?.[1] ?? 0);

/** A run renews its lock for two minutes; no clock is so wrong that it writes a time beyond this. */
const longestLifeMs = 3_600_000;

const stateOf = (lock: Lock, now: Date): LockState => {
  if (lock.releasedAt) return 'released';
  const lifeMs = Date.parse(lock.expiresAt) - now.getTime();
  if (lifeMs <= 0) return 'expired';
  if (lifeMs > longestLifeMs) return 'unreadable';
  return isDead(lock.owner) ? 'dead' : 'held';
};

/** Keys of a target's locks, oldest first. */
export const generations = async (store: Store, target: string): Promise<readonly string[]> =>
  (await listed(store, folderOf(target)))
    .map(({ key }) => key)
    .filter((key) => generationOf(key) > 0)
    .sort((a, b) => generationOf(a) - generationOf(b));

/**
 * A lock that cannot be read, or is far too large, or holds for longer than a run asks for, was never written by this
 * product, which writes whole objects: it keeps nobody away. Undefined where it was removed meanwhile.
 */
const read = async (store: Store, key: string, now: Date): Promise<FoundLock | undefined> => {
  const found = { key, generation: generationOf(key) };
  try {
    const lock = lockSchema.parse(JSON.parse((await readSmall(store, key, 'lock')).toString('utf8')));
    const state = stateOf(lock, now);
    return { ...found, state, ...(state !== 'unreadable' && { lock }) };
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return undefined;
    if (isBackupError(error) && !isBackupError(error, 'store.large') && !isBackupError(error, 'store.odd'))
      throw error;
    return { ...found, state: 'unreadable' };
  }
};

/** A lock goes as soon as a run has taken the next one, so that many could go meanwhile only in a store that lies. */
const mostVanished = 10;

/** The lock of a target that counts, which is the one of the highest generation; undefined where none was ever taken. */
export const findLock = async (store: Store, target: string, now: Date): Promise<FoundLock | undefined> => {
  for (let vanished = 0; vanished < mostVanished; vanished++) {
    const newest = (await generations(store, target)).at(-1);
    if (newest === undefined) return undefined;
    const found = await read(store, newest, now);
    if (found) return found;
  }
  return undefined;
};

/** Writes a lock: exclusively, or over the one of the same generation. */
export const putLock = (store: Store, key: string, lock: Lock, replace: boolean): Promise<number> => {
  const body = () => oneChunk(`${JSON.stringify(lock)}\n`);
  // A stream comes once: tried again after a lost answer, an exclusive put would find itself.
  return store.put(key, replace ? body : body(), { replace });
};
