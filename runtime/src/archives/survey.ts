import { isBackupError } from '../core/errors.ts';
import { listed } from '../store/listed.ts';
import type { Store, StoredObject } from '../store/store.ts';
import { readBelieved, type Believed, type Expected } from './authentic.ts';
import type { Catalog } from './catalogue.ts';
import { archiveOf, isArchive, isManifest } from './layout.ts';

export interface Files {
  /** Files of archives by key, with or without manifest. */
  readonly files: ReadonlyMap<string, StoredObject>;
  /** Files without a manifest: of a run that was killed before it, or after retention had removed it. */
  readonly orphans: readonly StoredObject[];
}

/** Everything that a store holds of a target. */
export interface Survey extends Catalog<Believed>, Files {
  readonly store: Store;
}

/** What is no folder holds no files; `readCatalog` tells of it. */
const none = (error: unknown): readonly StoredObject[] => {
  if (!isBackupError(error, 'store.odd')) throw error;
  return [];
};

/** The files of a target, without reading any. */
export const listFiles = async (store: Store, target: string): Promise<Files> => {
  const files = new Map<string, StoredObject>();
  const described = new Set<string>();
  for (const object of await listed(store, `${target}/`).catch(none)) {
    if (isManifest(object.key)) described.add(archiveOf(object.key));
    else if (isArchive(object.key)) files.set(object.key, object);
  }
  return { files, orphans: [...files.values()].filter(({ key }) => !described.has(key)) };
};

export const survey = async (store: Store, expected: Expected): Promise<Survey> => ({
  store,
  ...(await readBelieved(store, expected)),
  ...(await listFiles(store, expected.target)),
});
