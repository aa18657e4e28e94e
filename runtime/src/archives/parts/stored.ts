import { BackupError } from '../../core/errors.ts';
import { listed } from '../../store/listed.ts';
import type { Store } from '../../store/store.ts';
import type { App } from '../../session/app.ts';
import type { FileManifest, SealedPart } from '../manifest.ts';
import { partKey, partsFolder, sealedOf } from './keys.ts';

/** Sizes of the parts that a store holds of a target, by key. */
export type StoredParts = ReadonlyMap<string, number>;

export const storedParts = async (store: Store, target: string): Promise<StoredParts> =>
  new Map((await listed(store, partsFolder(target))).map(({ key, bytes }) => [key, bytes]));

/** Parts of an archive that are not in the store, or of another size there. */
export const lacking = (manifest: FileManifest, stored: StoredParts): readonly SealedPart[] =>
  sealedOf(manifest).filter((part) => stored.get(partKey(manifest.target, part)) !== part.seal.bytes);

/** In words, with what is there. */
export const lackText = (manifest: FileManifest, part: SealedPart, stored: StoredParts): string => {
  const key = partKey(manifest.target, part);
  const found = stored.get(key);
  return found === undefined
    ? `part ${key} is gone`
    : `part ${key} has ${found} bytes, ${part.seal.bytes} were written`;
};

/** All parts of an archive are in the primary store, just before its manifest names them. @throws BackupError `dump.failed` */
export const assertStored = async ({ stores }: App, manifest: FileManifest): Promise<void> => {
  const stored = await storedParts(stores.primary, manifest.target);
  const [first] = lacking(manifest, stored);
  if (first) throw new BackupError('dump.failed', lackText(manifest, first, stored));
};
