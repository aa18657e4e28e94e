import { manifestKey } from './layout.ts';
import { isBackupError } from '../core/errors.ts';
import { throwIfStopped } from '../core/stopped.ts';
import { untilText, type Store } from '../store/store.ts';
import type { App } from '../session/app.ts';

/** Why an object may not be removed yet; undefined where it may. */
export const lockOf = async (store: Store, key: string, now: Date): Promise<string | undefined> => {
  const lockedUntil = (await store.head(key))?.lockedUntil;
  return lockedUntil && lockedUntil > now ? `locked until ${untilText(lockedUntil)}` : undefined;
};

/** The manifest goes first: what is left of a killed run is an archive without manifest, which never counts. */
const remove = async ({ run }: App, store: Store, key: string): Promise<void> => {
  throwIfStopped(run);
  await store.remove(manifestKey(key));
  await store.remove(key);
};

/** Why an archive stays although it could go; undefined where nothing keeps it. */
export const lockedBy = async (app: App, store: Store, key: string): Promise<string | undefined> => {
  const now = app.run.now();
  return (await lockOf(store, manifestKey(key), now)) ?? (await lockOf(store, key, now));
};

const unlessLocked = (error: unknown): string => {
  if (isBackupError(error, 'store.locked')) return error.message;
  throw error;
};

/**
 * Removes an archive with its manifest; neither goes while one of them is locked.
 * @returns why it stays; undefined where it is gone
 */
export const removeArchive = async (app: App, store: Store, key: string): Promise<string | undefined> => {
  const locked =
    (await lockedBy(app, store, key)) ?? (await remove(app, store, key).then(() => undefined, unlessLocked));
  if (locked) app.run.log.warn({ archive: key, store: store.location, reason: locked }, 'not removed');
  return locked;
};
