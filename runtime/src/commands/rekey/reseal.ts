import { fileName, manifestKey } from '../../archives/layout.ts';
import type { FileManifest } from '../../archives/manifest.ts';
import { openBytes, type Readable } from '../../archives/read.ts';
import { newArchiveKeys } from '../../crypto/archive-keys.ts';
import { startSealing } from '../../crypto/seal.ts';
import type { Rekeying } from './rekeying.ts';

/** What of a manifest is its file's. */
type Resealed = Pick<FileManifest, 'archive' | 'archiveBytes' | 'encryption' | 'seal'>;

/** Writes the file of an archive, or of a base, again under the first key; its manifest is the caller's to write. */
export const reseal = async (
  { app, keys }: Pick<Rekeying, 'app' | 'keys'>,
  archive: Readable,
  to: string,
): Promise<Resealed> => {
  const { store, manifest } = archive;
  const { keys: fresh, parameters } = await newArchiveKeys(keys[0], app.run.randomBytes);
  const plain = openBytes(app, archive, `rekey ${manifest.target}`);
  const sealing = startSealing(plain, manifest.id, fresh);
  const replace = !(await store.head(manifestKey(to))); // left by a run that died before its manifest
  const archiveBytes = await store.put(to, sealing.bytes, { replace, signal: app.run.signal });
  return { archive: fileName(to), archiveBytes, encryption: parameters, seal: sealing.seal() };
};
