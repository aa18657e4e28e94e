import { isOfObject, type BrokenArchive } from '../../archives/catalogue.ts';
import { rekeyedName } from '../../archives/layout.ts';
import { keyFor } from '../../archives/manifest.ts';
import type { Readable } from '../../archives/read.ts';
import { lockedBy } from '../../archives/remove.ts';
import type { KeyRing } from '../../crypto/key-ring.ts';
import type { Target } from '../../plan/schema.ts';
import type { App } from '../../session/app.ts';
import type { Rekeyed } from './result.ts';

/** What a rekey of a target works with. */
export interface Rekeying {
  readonly app: App;
  /** Of the plan: all that another one than the first made is rewritten under the first. */
  readonly keys: KeyRing;
  readonly target: Target;
  readonly dryRun: boolean;
}

/** One file that is damaged or gone must not keep the others under an old key. @throws what is not of the object */
export const failedAs = ({ run }: App, error: unknown): string => {
  if (run.signal.aborted || !isOfObject(error)) throw error;
  return error.message;
};

/** Moves a file, and says why the old one is still there, if it is. */
export type Move<File> = (file: File, to: string) => Promise<string | undefined>;

const fateOf = async <File extends Readable>(
  { app, dryRun }: Rekeying,
  file: File,
  to: string,
  move: Move<File>,
): Promise<Pick<Rekeyed, 'kept' | 'failed'>> => {
  try {
    const kept = await (dryRun ? lockedBy(app, file.store, file.key) : move(file, to));
    return kept ? { kept } : {};
  } catch (error) {
    return { failed: failedAs(app, error) };
  }
};

/** Moves those of the files that an old key made. */
export const moveOld = async <File extends Readable>(
  rekeying: Rekeying,
  files: readonly File[],
  move: Move<File>,
): Promise<readonly Rekeyed[]> => {
  const { keys, target } = rekeying;
  const moved: Rekeyed[] = [];
  for (const file of files) {
    const key = await keyFor(file.manifest, keys);
    if (!key || key === keys[0]) continue;
    const to = rekeyedName(file.key, keys[0].id);
    const place = { target: target.name, store: file.store.location, from: file.key, to };
    const ids = { oldKeyId: key.id, newKeyId: keys[0].id };
    moved.push({ ...place, ...ids, ...(await fateOf(rekeying, file, to, move)) });
  }
  return moved;
};

/** A file that no key opens keeps a rekey from being complete; what is none of the target's does not. */
export const asideOf = (
  { app, keys, target }: Rekeying,
  { store, key, error }: Pick<BrokenArchive, 'store' | 'key' | 'error'>,
): readonly Rekeyed[] => {
  app.run.log.warn({ archive: key, store: store.location, problem: error.message }, 'not rewritten');
  if (error.code !== 'key.wrong') return [];
  const place = { target: target.name, store: store.location, from: key, to: key };
  return [{ ...place, oldKeyId: 'unknown', newKeyId: keys[0].id, failed: error.message }];
};
