import { believe, isOfFuture, type Believed } from '../archives/authentic.ts';
import { isOfObject, readArchive } from '../archives/catalogue.ts';
import { oldestFirst, type ManifestFacts } from '../archives/facts.ts';
import { archiveOf, isManifest } from '../archives/layout.ts';
import { readOnce } from '../store/read-once.ts';
import { isBackupError, type BackupError } from '../core/errors.ts';
import type { Store, StoredObject } from '../store/store.ts';
import type { App } from '../session/app.ts';
import { expectedOf } from '../archives/of-target.ts';

export interface KnownArchive {
  readonly key: string;
  readonly manifest: ManifestFacts;
}

/** The archives of a target in a store. */
export interface KnownArchives {
  /** Oldest first, without those that count in one of the numbers below. */
  readonly archives: readonly KnownArchive[];
  /** Archives that no key of the plan opens. */
  readonly withoutKey: number;
  /** Archives that were set aside for another reason. */
  readonly broken: number;
}

const factsOf = ({ key, manifest }: Believed): KnownArchive => {
  const { seal: _seal, entries: _entries, ...facts } = manifest;
  return { key, manifest: facts };
};

/** Undefined where it was removed since it was listed. Its time is looked at later: what is future now will be past. */
const read = async (
  app: App,
  store: Store,
  target: string,
  key: string,
): Promise<KnownArchive | BackupError | undefined> => {
  try {
    const archive = await readArchive(store, key);
    return factsOf(await believe(archive, { ...expectedOf(app, target), now: undefined }));
  } catch (error) {
    if (isBackupError(error, 'archive.unknown')) return undefined;
    if (isOfObject(error)) return error;
    throw error;
  }
};

/** Reads the archives of targets from a store and believes them; each manifest once, as long as it does not change. */
export const archiveReader = (app: App, store: Store) => {
  const remembered = readOnce((key, target) => read(app, store, target, archiveOf(key)));
  return async (target: string, objects: readonly StoredObject[]): Promise<KnownArchives> => {
    const manifests = objects.filter(({ key }) => isManifest(key));
    const found = [...(await remembered(target, manifests)).values()].filter((value) => value !== undefined);
    const now = app.run.now();
    const archives = found
      .filter((value) => 'manifest' in value)
      .filter(({ manifest }) => !isOfFuture(manifest.startedAt, now))
      .toSorted((a, b) => oldestFirst(a.manifest, b.manifest));
    const withoutKey = found.filter((value) => isBackupError(value, 'key.wrong')).length;
    return { archives, withoutKey, broken: found.length - archives.length - withoutKey };
  };
};
