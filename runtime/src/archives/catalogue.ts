import { isUtf8 } from 'node:buffer';
import { BackupError, isBackupError, type FailureCode } from '../core/errors.ts';
import { jsonProblem } from '../core/json-shape.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import { readAll } from '../store/batches.ts';
import { listed } from '../store/listed.ts';
import { readSmall } from '../store/size-limits.ts';
import type { ListOptions, Store, StoredObject } from '../store/store.ts';
import { oldestFirst } from './facts.ts';
import { archiveOf, fileName, indexKey, isManifest, manifestKey } from './layout.ts';
import {
  authenticateManifest,
  decodeManifest,
  encodeManifest,
  type Manifest,
  type SignedManifest,
} from './manifest.ts';

/** A committed archive: its file and its manifest, not yet authenticated. */
export interface Archive {
  readonly store: Store;
  readonly key: string;
  readonly signed: SignedManifest;
}

/** An archive that does not count, and why. */
export interface BrokenArchive {
  readonly store: Store;
  readonly key: string;
  readonly error: BackupError;
}

export const isBroken = (found: object): found is BrokenArchive => 'error' in found;

/** Archives of a target in a store. */
export interface Catalog<T extends Archive = Archive> {
  /** Oldest first. */
  readonly archives: readonly T[];
  /** What cannot be read, or was not accepted: named, and left alone. */
  readonly broken: readonly BrokenArchive[];
}

interface TextOptions {
  /** Most bytes. @default those of any manifest */
  readonly most?: number;
  /** How an error names it. @default its key */
  readonly name?: string;
}

/** Text of a manifest, of which no more is known than that it may be parsed. @throws BackupError manifest.damaged, store.* */
export const readManifestText = async (
  store: Store,
  key: string,
  { most, name = key }: TextOptions = {},
): Promise<string> => {
  const text = await readSmall(store, key, 'manifest', most);
  const problem = isUtf8(text) ? jsonProblem(text) : 'it is not UTF-8';
  if (problem) throw new BackupError('manifest.damaged', `manifest ${name} cannot be read: ${problem}`);
  return text.toString('utf8');
};

const unknown = async (store: Store, key: string): Promise<BackupError> => {
  const reason = (await store.head(key))
    ? 'has no manifest, so its backup was never finished'
    : `is not in ${store.location}`;
  return new BackupError('archive.unknown', `archive ${key} ${reason}`);
};

/** One archive by key. @throws BackupError `archive.unknown` where nothing was committed under the key */
export const readArchive = async (store: Store, key: string): Promise<Archive> => {
  const manifest = manifestKey(key);
  const text = await readManifestText(store, manifest).catch(async (error: unknown) => {
    throw isBackupError(error, 'store.missing') ? await unknown(store, key) : error;
  });
  return { store, key, signed: decodeManifest(text, manifest) };
};

/** Errors of a store as a whole, or of a run that ends: they say nothing about the object that was being read. */
const ofStore: readonly FailureCode[] = ['store.unreachable', 'run.interrupted', 'run.deadline', 'lock.lost'];

/** An error that says something about one object: it is no reason to stop working on the others. */
export const isOfObject = (error: unknown): error is BackupError =>
  isBackupError(error) && !ofStore.includes(error.code);

/** What a manifest has to be to count. @throws BackupError where it is not */
export type Accept<T extends Archive> = (archive: Archive) => Promise<T>;

/** What a manifest may grow by between listing and reading: a verification that is entered. */
const growthBytes = 1 << 20;

/** Undefined where it was removed since it was listed. One object that is no good is no reason to stop. */
export const readEntry = async <T extends Archive>(
  store: Store,
  { key: manifest, bytes }: StoredObject,
  accept: Accept<T>,
): Promise<T | BrokenArchive | undefined> => {
  const key = archiveOf(manifest);
  const text = () => readManifestText(store, manifest, { most: bytes + growthBytes });
  try {
    return await accept({ store, key, signed: decodeManifest(await text(), manifest) });
  } catch (error) {
    if (isBackupError(error, 'store.missing')) return undefined;
    if (isOfObject(error)) return { store, key, error };
    throw error;
  }
};

/** Objects of a target in a store, but for its index, which is made of them; none where something else than a folder has its name, which is broken then. */
export const objectsOf = async (
  store: Store,
  target: string,
  options?: ListOptions,
): Promise<{ readonly objects: readonly StoredObject[]; readonly broken: readonly BrokenArchive[] }> => {
  try {
    const objects = await listed(store, `${target}/`, options);
    return { objects: objects.filter(({ key }) => key !== indexKey(target)), broken: [] };
  } catch (error) {
    if (!isBackupError(error, 'store.odd')) throw error;
    return { objects: [], broken: [{ store, key: target, error }] };
  }
};

/** Archives that were read, and what was set aside; what was removed meanwhile is neither. */
export const apart = <T extends object>(
  found: readonly (T | BrokenArchive | undefined)[],
): { readonly archives: readonly T[]; readonly broken: readonly BrokenArchive[] } => {
  const [archives, broken]: [T[], BrokenArchive[]] = [[], []];
  for (const each of found) {
    if (!each) continue;
    if (isBroken(each)) broken.push(each);
    else archives.push(each);
  }
  return { archives, broken };
};

const asItIs: Accept<Archive> = (archive) => Promise.resolve(archive);

/**
 * All committed archives of a target in a store; none where something else than a folder has the target's name.
 * @param accept archives/authentic.ts has the one that decisions need
 */
export async function readCatalog(store: Store, target: string): Promise<Catalog>;
export async function readCatalog<T extends Archive>(
  store: Store,
  target: string,
  accept: Accept<T>,
): Promise<Catalog<T>>;
export async function readCatalog(
  store: Store,
  target: string,
  accept: Accept<Archive> = asItIs,
): Promise<Catalog> {
  const { objects, broken } = await objectsOf(store, target);
  const manifests = objects.filter(({ key }) => isManifest(key));
  const found = apart(await readAll(manifests, (object) => readEntry(store, object, accept)));
  const archives = found.archives.toSorted((a, b) => oldestFirst(a.signed.manifest, b.signed.manifest));
  return { archives, broken: [...broken, ...found.broken] };
}

/** Manifest of an archive, authenticated. @throws as `authenticateManifest` */
export const authenticate = (archive: Archive, keys: KeyRing | undefined): Promise<Manifest> =>
  authenticateManifest(archive.signed, fileName(archive.key), keys);

/** Writes a manifest: the commit of a backup, or a new entry in its history. */
export const writeManifest = async (
  store: Store,
  key: string,
  manifest: Manifest,
  keys: KeyRing | undefined,
  options: { readonly replace: boolean },
): Promise<void> => {
  await store.put(manifestKey(key), oneChunk(await encodeManifest(manifest, keys)), options);
};
