import { countingBytes } from '../../core/count-bytes.ts';
import { throwIfStopped } from '../../core/stopped.ts';
import { sum } from '../../core/sum.ts';
import type { Store } from '../../store/store.ts';
import type { App } from '../../session/app.ts';
import type { FileManifest, SealedPart } from '../manifest.ts';
import { partKey, sealedOf } from './keys.ts';
import { lacking, storedParts } from './stored.ts';

/** Sends parts of a target from one store to another, over what is there under their names. */
export const sendParts = async (
  app: App,
  from: Store,
  target: string,
  parts: readonly SealedPart[],
  to: Store,
): Promise<void> => {
  if (parts.length === 0) return;
  const bytes = sum(parts.map(({ seal }) => seal.bytes));
  const progress = app.progress(`copy parts to ${to.location}`, bytes);
  try {
    for (const part of parts) {
      throwIfStopped(app.run);
      const key = partKey(target, part);
      const body = () => countingBytes(from.get(key), progress.add);
      await to.put(key, body, { replace: true, signal: app.run.signal, sha256: part.seal.sha256 });
    }
  } finally {
    progress.done();
  }
};

/** Copies the parts of an archive that another store lacks, before the archive itself: its manifest names only what is there. */
export const copyParts = async (app: App, from: Store, manifest: FileManifest, to: Store): Promise<void> => {
  if (sealedOf(manifest).length === 0) return;
  const missing = lacking(manifest, await storedParts(to, manifest.target));
  await sendParts(app, from, manifest.target, missing, to);
};
