import { z } from 'zod';
import { isBackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import { listed } from '../store/listed.ts';
import { readOnce } from '../store/read-once.ts';
import { readSmall } from '../store/size-limits.ts';
import type { Store, StoredObject } from '../store/store.ts';
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

/** Locks of a target, oldest first. */
const locksOf = async (store: Store, target: string): Promise<readonly StoredObject[]> =>
  (await listed(store, folderOf(target)))
    .filter(({ key }) => generationOf(key) > 0)
    .sort((a, b) => generationOf(a.key) - generationOf(b.key));

/** Keys of a target's locks, oldest first. */
export const generations = async (store: Store, target: string): Promise<readonly string[]> =>
  (await locksOf(store, target)).map(({ key }) => key);

/** What the object of a lock holds: `gone` where it was removed since it was listed. */
type Content = Lock | 'unreadable' | 'gone';

/**
 * A lock that cannot be read, or is far too large, or holds for longer than a run asks for, was never written by this
 * product, which writes whole objects: it keeps nobody away.
 */
const read = async (store: Store, key: string): Promise<Content> => {
  try {
    return lockSchema.parse(JSON.parse((await readSmall(store, key, 'lock')).toString('utf8')));
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return 'gone';
    if (isBackupError(error) && !isBackupError(error, 'store.large') && !isBackupError(error, 'store.odd'))
      throw error;
    return 'unreadable';
  }
};

const foundIn = (key: string, content: Lock | 'unreadable', now: Date): FoundLock => {
  const found = { key, generation: generationOf(key) };
  if (content === 'unreadable') return { ...found, state: content };
  const state = stateOf(content, now);
  return { ...found, state, ...(state !== 'unreadable' && { lock: content }) };
};

/** A lock goes as soon as a run has taken the next one, so that many could go meanwhile only in a store that lies. */
const mostVanished = 10;

export type FindLock = (target: string, now: Date) => Promise<FoundLock | undefined>;

/** Finds locks as `findLock` does, and reads each again only when its object changed. */
export const lockFinder = (store: Store): FindLock => {
  const known = readOnce<Content>(
    ({ key }) => read(store, key),
    (content) => content !== 'gone',
  );
  return async (target, now) => {
    for (let vanished = 0; vanished < mostVanished; vanished++) {
      const newest = (await locksOf(store, target)).at(-1);
      if (newest === undefined) return undefined;
      const [content = 'gone'] = await known.read(target, [newest]);
      if (content !== 'gone') return foundIn(newest.key, content, now);
    }
    return undefined;
  };
};

/** The lock of a target that counts, which is the one of the highest generation; undefined where none was ever taken. */
export const findLock = (store: Store, target: string, now: Date): Promise<FoundLock | undefined> =>
  lockFinder(store)(target, now);

/** Writes a lock: exclusively, or over the one of the same generation. */
export const putLock = (store: Store, key: string, lock: Lock, replace: boolean): Promise<number> => {
  const body = () => oneChunk(`${JSON.stringify(lock)}\n`);
  // A stream comes once: tried again after a lost answer, an exclusive put would find itself.
  return store.put(key, replace ? body : body(), { replace });
};
