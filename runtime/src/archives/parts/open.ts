import { BackupError, isBackupError } from '../../core/errors.ts';
import { open } from '../../crypto/open.ts';
import { decompress } from '../../pipeline/compress.ts';
import { withoutLead } from '../../pipeline/lead.ts';
import type { Store } from '../../store/store.ts';
import type { App } from '../../session/app.ts';
import { asDamage } from '../as-damage.ts';
import { keyFor, type PartedManifest, type SealedPart } from '../manifest.ts';
import { partKey, partKeysOf } from './keys.ts';

/** An archive of parts whose manifest is believed. */
export interface Parted {
  readonly store: Store;
  readonly key: string;
  readonly manifest: PartedManifest;
}

/** Errors of a part name it, so that every archive that needs it can be found; one that is gone is damage. */
async function* named(source: AsyncIterable<Buffer>, key: string): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    if (!isBackupError(error)) throw error;
    const isGone = error.code === 'store.missing';
    if (!isGone && !error.code.startsWith('archive.')) throw error;
    throw new BackupError(
      isGone ? 'archive.damaged' : error.code,
      isGone ? `part ${key} is gone` : `part ${key}: ${error.message}`,
      { cause: error },
    );
  }
}

/** Begins the derivation of a part's keys, which is slow on purpose and remembered, while parts before it are read. */
export const prepareParts = async (
  app: App,
  { manifest }: Parted,
  parts: readonly SealedPart[],
): Promise<void> => {
  const key = await keyFor(manifest, app.keys);
  await Promise.all(parts.map((part) => partKeysOf(manifest, part, key)));
};

/** What was compressed into a part, each segment authenticated before it is decrypted. */
export const openPartBytes = async function* (
  app: App,
  { store, manifest }: Parted,
  part: SealedPart,
): AsyncGenerator<Buffer> {
  const key = partKey(manifest.target, part);
  const keys = await partKeysOf(manifest, part, await keyFor(manifest, app.keys));
  yield* named(open(store.get(key), part.id, part.seal, keys), key);
};

/** Content of a part. @throws BackupError `archive.*`, naming the part */
export const openPart = (app: App, archive: Parted, part: SealedPart): AsyncIterable<Buffer> => {
  const { algorithm } = part.compression;
  return asDamage(decompress(withoutLead(openPartBytes(app, archive, part), algorithm), algorithm));
};
