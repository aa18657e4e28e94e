import { believe, futureProblem, type Believed } from '../archives/authentic.ts';
import { apart, isBroken, objectsOf, readEntry, type BrokenArchive } from '../archives/catalogue.ts';
import { oldestFirst, type ManifestFacts } from '../archives/facts.ts';
import { isManifest } from '../archives/layout.ts';
import { expectedOf } from '../archives/of-target.ts';
import type { App } from '../session/app.ts';
import { readOnce } from '../store/read-once.ts';
import type { Store, StoredObject } from '../store/store.ts';

/** An archive that counts. */
export interface KnownArchive {
  readonly key: string;
  readonly manifest: ManifestFacts;
}

/** What a store holds of a target. */
export interface KnownArchives {
  /** Every object of the target. */
  readonly objects: readonly StoredObject[];
  /** Those that count, oldest first. */
  readonly archives: readonly KnownArchive[];
  /** Those that do not, and why. */
  readonly setAside: readonly BrokenArchive[];
}

type Found = KnownArchive | BrokenArchive | undefined;

const withoutBulk = ({ key, manifest }: Believed): KnownArchive => {
  const { seal: _seal, entries: _entries, ...facts } = manifest;
  return { key, manifest: facts };
};

/** Undefined where it was removed since it was listed. Whether it is of the future is for each reading to say. */
const read = async (app: App, store: Store, object: StoredObject, target: string): Promise<Found> => {
  const expected = { ...expectedOf(app, target), now: undefined };
  const found = await readEntry(store, object, (archive) => believe(archive, expected));
  return found && !isBroken(found) ? withoutBulk(found) : found;
};

/** False for what a store refused, or was not there: the next reading may find it. */
const isFinal = (found: Found): boolean =>
  found !== undefined && !(isBroken(found) && found.error.code.startsWith('store.'));

const judged = (store: Store, now: Date, found: Found): Found => {
  if (!found || isBroken(found)) return found;
  const error = futureProblem(found.key, found.manifest.startedAt, now);
  return error ? { store, key: found.key, error } : found;
};

export type ReadArchives = (target: string, now: Date) => Promise<KnownArchives>;

/** Reads the archives of targets from a store and authenticates them; each manifest once, as long as it does not change. */
export const archiveReader = (app: App, store: Store): ReadArchives => {
  const remembered = readOnce((object, target) => read(app, store, object, target), isFinal);
  return async (target, now) => {
    const { objects, broken } = await objectsOf(store, target);
    const manifests = objects.filter(({ key }) => isManifest(key));
    const found = (await remembered(target, manifests)).map((each) => judged(store, now, each));
    const { archives, broken: aside } = apart(found);
    return {
      objects,
      archives: archives.toSorted((a, b) => oldestFirst(a.manifest, b.manifest)),
      setAside: [...broken, ...aside],
    };
  };
};
