import { isBackupError } from '../../core/errors.ts';
import { sideBySide } from '../../core/side-by-side.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import type { Store } from '../../store/store.ts';
import type { App } from '../../session/app.ts';
import type { FileManifest, SealedPart } from '../manifest.ts';
import { partKey, sealedOf } from './keys.ts';

/** Parts that are prolonged at once. @default 8 - two small requests each */
const together = 8;

/** Prolongs the lock of a part; false where the account may not. */
const tryProlong = async (store: Store, target: string, part: SealedPart, until: Date): Promise<boolean> => {
  try {
    await store.prolong(partKey(target, part), until);
    return true;
  } catch (error) {
    if (!isBackupError(error, 'store.refused')) throw error;
    return false;
  }
};

/**
 * Parts of an archive that are locked as long as its own file is, once this has ended; the others, which the account may not
 * prolong, are the result.
 */
export const prolongParts = async (
  app: App,
  store: Store,
  key: string,
  manifest: FileManifest,
): Promise<readonly SealedPart[]> => {
  const until = (await store.head(key))?.lockedUntil;
  if (!until) return [];
  const refused: SealedPart[] = [];
  const earlier = sealedOf(manifest).filter(({ storedAt }) => storedAt < manifest.startedAt);
  await sideBySide(earlier, together, async (part) => {
    throwIfStopped(app.run);
    if (!(await tryProlong(store, manifest.target, part, until))) refused.push(part);
  });
  return refused;
};

/**
 * False where Object Lock keeps parts and the account may not prolong it: an archive that names them would lose them before
 * its own lock ends. Tried on the notes of the archive before.
 */
export const canProlong = async (
  { run }: App,
  store: Store,
  key: string,
  manifest: FileManifest,
  notes: SealedPart,
): Promise<boolean> => {
  const until = (await store.head(key))?.lockedUntil;
  if (!until) return true;
  const lockMs = until.getTime() - Date.parse(manifest.startedAt);
  const wanted = new Date(run.now().getTime() + lockMs);
  return tryProlong(store, manifest.target, notes, wanted);
};
