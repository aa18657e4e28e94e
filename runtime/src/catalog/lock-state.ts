import { z } from 'zod';
import { collect } from '../core/process.ts';
import { oneChunk } from '../core/one-chunk.ts';
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

const generationOf = (key: string): number => Number(/(\d{8})\.json$/.exec(key)?.[1] ?? 0);

const stateOf = (lock: Lock, now: Date): LockState => {
  if (lock.releasedAt) return 'released';
  if (Date.parse(lock.expiresAt) <= now.getTime()) return 'expired';
  return isDead(lock.owner) ? 'dead' : 'held';
};

/** Keys of a target's locks, oldest first. */
export const generations = async (store: Store, target: string): Promise<readonly string[]> => {
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

/** Writes a lock: exclusively, or over the one of the same generation. */
export const putLock = (store: Store, key: string, lock: Lock, replace: boolean): Promise<number> => {
  const body = () => oneChunk(`${JSON.stringify(lock)}\n`);
  // A stream comes once: tried again after a lost answer, an exclusive put would find itself.
  return store.put(key, replace ? body : body(), { replace });
};
