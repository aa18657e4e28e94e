import { authenticate, isRewritten, readCatalog, writeManifest, type Archive } from '../catalog/catalog.ts';
import { pointLatest } from '../catalog/latest.ts';
import { throwIfStopped } from '../core/stopped.ts';
import { tap } from '../core/taps.ts';
import type { Store } from '../store/store.ts';
import type { App } from './app.ts';

const send = async (app: App, archive: Archive, replica: Store): Promise<void> => {
  const progress = app.progress(`copy to ${replica.location}`, archive.signed.manifest.archiveBytes);
  try {
    const body = () => tap(archive.store.get(archive.key), progress.add);
    const { sha256 } = archive.signed.manifest.seal;
    await replica.put(archive.key, body, { replace: true, signal: app.run.signal, sha256 });
  } finally {
    progress.done();
  }
};

/** By id, what a replica has: the tiers of one backup share their bytes, so the second goes from its own copy. */
export const sentTo = (there: readonly Archive[]): Map<string, string> =>
  new Map(there.map(({ key, signed }) => [signed.manifest.id, key]));

/** Copies an archive to a replica, and remembers it in `sent`. */
export const copyArchive = async (
  app: App,
  archive: Archive,
  replica: Store,
  sent: Map<string, string>,
): Promise<void> => {
  const manifest = await authenticate(archive, app.keys);
  const twin = sent.get(manifest.id);
  // What is there already was left by a run that died before its manifest; sending replaces it.
  if (twin && !(await replica.head(archive.key))) await replica.copy(twin, archive.key);
  else await send(app, archive, replica);
  await writeManifest(replica, archive.key, manifest, app.keys, { replace: false });
  sent.set(manifest.id, archive.key);
};

/** Archives of the primary store that a replica lacks. */
export const notCopied = (
  { keys }: App,
  archives: readonly Archive[],
  there: readonly Archive[],
): readonly Archive[] => {
  const present = new Set(there.map(({ key }) => key));
  return archives.filter((each) => !present.has(each.key) && !isRewritten(each, archives, keys));
};

/**
 * Copies to a replica what the primary store has and it lacks: this run's archives, and those of runs whose copy failed.
 * @returns keys that were copied
 */
export const replicate = async (app: App, target: string, replica: Store): Promise<readonly string[]> => {
  const { archives } = await readCatalog(app.stores.primary, target);
  const { archives: there } = await readCatalog(replica, target);
  const sent = sentTo(there);
  const missing = notCopied(app, archives, there);
  for (const archive of missing) {
    throwIfStopped(app.run);
    await copyArchive(app, archive, replica, sent);
  }
  const newest = archives.findLast(({ signed }) => signed.manifest.tier === 'daily');
  if (newest) await pointLatest(replica, target, newest.key, newest.signed.manifest);
  return missing.map(({ key }) => key);
};
