import { isRewritten, type Believed, type Identified } from './authentic.ts';
import { writeManifest } from './catalogue.ts';
import { newestDaily } from './facts.ts';
import { isBackupError, messageOf } from '../core/errors.ts';
import { throwIfStopped } from '../core/stopped.ts';
import { countingBytes } from '../core/count-bytes.ts';
import type { Store } from '../store/store.ts';
import type { App } from '../session/app.ts';
import { pointNewest } from './point-newest.ts';
import { exitCodes } from '../contract/exit-codes.ts';
import { knownOf, type KnownArchive } from './known.ts';
import { believedAt } from './of-target.ts';
import { copyParts, sendParts } from './parts/copy.ts';
import { prolongParts } from './parts/locks.ts';

const send = async (app: App, archive: Believed, replica: Store): Promise<void> => {
  const { archiveBytes, seal } = archive.manifest;
  const progress = app.progress(`copy to ${replica.location}`, archiveBytes);
  try {
    const body = () => countingBytes(archive.store.get(archive.key), progress.add);
    await replica.put(archive.key, body, { replace: true, signal: app.run.signal, sha256: seal.sha256 });
  } finally {
    progress.done();
  }
};

/**
 * What a replica has, by the digest of its bytes: the tiers of one backup share them, so the second goes from its own
 * copy. The id is no sign of that: `rekey` keeps it, and seals anew in each store.
 */
export const sentTo = (there: readonly KnownArchive[]): Map<string, string> =>
  new Map(there.map(({ key, manifest }) => [manifest.sha256, key]));

/** Copies an archive to a replica, over what was set aside there under its name, and remembers it in `sent`. */
export const copyArchive = async (
  app: App,
  archive: Believed,
  replica: Store,
  sent: Map<string, string>,
): Promise<void> => {
  const { manifest } = archive;
  await copyParts(app, archive.store, manifest, replica);
  const twin = sent.get(manifest.seal.sha256);
  // What already exists was left by a run that died before its manifest; sending replaces it.
  if (twin && !(await replica.head(archive.key))) await replica.copy(twin, archive.key);
  else await send(app, archive, replica);
  const refused = await prolongParts(app, replica, archive.key, manifest);
  await sendParts(app, archive.store, manifest.target, refused, replica); // anew, under a lock of their own
  await writeManifest(replica, archive.key, manifest, app.keys, { replace: true });
  sent.set(manifest.seal.sha256, archive.key);
};

/** Archives of the primary store that a replica lacks. */
export const notCopied = <T extends Identified>(
  { keys }: App,
  archives: readonly T[],
  there: readonly Identified[],
): readonly T[] => {
  const present = new Set(there.map(({ key }) => key));
  return archives.filter((each) => !present.has(each.key) && !isRewritten(each, archives, keys));
};

/** What a replica got, and what it could not get because of the archive itself. */
export interface Replicated {
  readonly keys: readonly string[];
  /** Sentences, one per archive of the primary store that is gone or not what its manifest says. */
  readonly problems: readonly string[];
}

/** Damage of the primary store's own archive: the replica is there, and the other archives go on to it. */
const isOfArchive = (error: unknown): boolean =>
  isBackupError(error, 'store.missing') || (isBackupError(error) && error.exitCode === exitCodes.damaged);

/**
 * Copies to a replica what the primary store has and it lacks: this run's archives, and those of runs whose copy failed.
 * @throws BackupError `store.*` of the replica
 */
export const replicate = async (app: App, target: string, replica: Store): Promise<Replicated> => {
  const { primary } = app.stores;
  const { archives } = await knownOf(app, primary, target);
  const { archives: there } = await knownOf(app, replica, target);
  const sent = sentTo(there);
  const [keys, problems]: [string[], string[]] = [[], []];
  for (const { key } of notCopied(app, archives, there)) {
    throwIfStopped(app.run);
    try {
      await copyArchive(app, await believedAt(app, primary, target, key), replica, sent);
      keys.push(key);
    } catch (error) {
      if (!isOfArchive(error)) throw error;
      problems.push(`${key} could not be copied to ${replica.location}: ${messageOf(error)}`);
    }
  }
  const newest = newestDaily(archives);
  if (newest) await pointNewest(app, replica, target, newest.key, newest.manifest);
  return { keys, problems };
};
