import { believe, isOfFuture, type Believed } from '../archives/authentic.ts';
import { isOfObject, readArchive } from '../archives/catalogue.ts';
import { archiveOf, isManifest, tiers } from '../archives/layout.ts';
import type { Manifest } from '../archives/manifest.ts';
import { readOnce } from '../store/read-once.ts';
import { isBackupError, type BackupError } from '../core/errors.ts';
import type { Store, StoredObject } from '../store/store.ts';
import type { App } from '../session/app.ts';
import { expectedOf } from '../archives/of-target.ts';

/** A manifest without what grows with the archive: segments are 32 bytes for each 8 MiB. */
export type Facts = Omit<Manifest, 'seal' | 'entries'>;

export interface KnownArchive {
  readonly key: string;
  readonly facts: Facts;
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
  return { key, facts };
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

/** By time; the daily archive after the copies made of it, so that it is the newest. */
const byAge = ({ facts: a }: KnownArchive, { facts: b }: KnownArchive): number => {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  return tiers.indexOf(b.tier) - tiers.indexOf(a.tier);
};

/** Reads the archives of targets from a store and believes them; each manifest once, as long as it does not change. */
export const archiveReader = (app: App, store: Store) => {
  const remembered = readOnce((key, target) => read(app, store, target, archiveOf(key)));
  return async (target: string, objects: readonly StoredObject[]): Promise<KnownArchives> => {
    const manifests = objects.filter(({ key }) => isManifest(key));
    const found = [...(await remembered(target, manifests)).values()].filter((value) => value !== undefined);
    const now = app.run.now();
    const archives = found
      .filter((value) => 'facts' in value)
      .filter(({ facts }) => !isOfFuture(facts.startedAt, now))
      .toSorted(byAge);
    const withoutKey = found.filter((value) => isBackupError(value, 'key.wrong')).length;
    return { archives, withoutKey, broken: found.length - archives.length - withoutKey };
  };
};
