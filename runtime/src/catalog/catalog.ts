import { BackupError } from '../core/errors.ts';
import { oneChunk } from '../core/one-chunk.ts';
import type { KeyRing } from '../crypto/key-ring.ts';
import type { Store } from '../store/store.ts';
import { archiveOf, fileName, isManifest, manifestKey, rekeyedName, tiers } from './layout.ts';
import {
  authenticateManifest,
  decodeManifest,
  encodeManifest,
  maxManifestBytes,
  type Manifest,
  type SignedManifest,
} from './manifest.ts';

/** A committed archive: its file and its manifest, not yet authenticated. */
export interface Archive {
  readonly store: Store;
  readonly key: string;
  readonly signed: SignedManifest;
}

/** A manifest that cannot be read; its archive does not count. */
export interface BrokenArchive {
  readonly store: Store;
  readonly key: string;
  readonly error: BackupError;
}

export interface Catalog {
  /** Oldest first. */
  readonly archives: readonly Archive[];
  readonly broken: readonly BrokenArchive[];
}

const readText = async (store: Store, key: string): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of store.get(key)) {
    bytes += chunk.length;
    if (bytes > maxManifestBytes)
      throw new BackupError('manifest.damaged', `manifest ${key} is larger than ${maxManifestBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

/** One archive by key. @throws BackupError `archive.unknown` where nothing was committed under the key */
export const readArchive = async (store: Store, key: string): Promise<Archive> => {
  const manifest = manifestKey(key);
  if (!(await store.head(manifest))) {
    const exists = await store.head(key);
    const reason = exists
      ? 'has no manifest, so its backup was never finished'
      : `is not in ${store.location}`;
    throw new BackupError('archive.unknown', `archive ${key} ${reason}`);
  }
  return { store, key, signed: decodeManifest(await readText(store, manifest), manifest) };
};

const read = async (store: Store, key: string): Promise<Archive | BrokenArchive> => {
  try {
    return await readArchive(store, key);
  } catch (error) {
    if (error instanceof BackupError && error.code === 'manifest.damaged') return { store, key, error };
    throw error;
  }
};

/** By time; the daily archive after the copies made of it, so that it is the newest. */
const byAge = ({ signed: { manifest: a } }: Archive, { signed: { manifest: b } }: Archive): number => {
  if (a.startedAt !== b.startedAt) return a.startedAt < b.startedAt ? -1 : 1;
  return tiers.indexOf(b.tier) - tiers.indexOf(a.tier);
};

/** All committed archives of a target in a store. */
export const readCatalog = async (store: Store, target: string): Promise<Catalog> => {
  const archives: Archive[] = [];
  const broken: BrokenArchive[] = [];
  for await (const { key } of store.list(`${target}/`)) {
    if (!isManifest(key)) continue;
    const found = await read(store, archiveOf(key));
    if ('error' in found) broken.push(found);
    else archives.push(found);
  }
  return { archives: archives.toSorted(byAge), broken };
};

/** True for an archive under an old key that `rekey` could not remove: the same backup is there under the first key. */
export const isRewritten = (
  { key, signed }: Archive,
  all: readonly Archive[],
  keys: KeyRing | undefined,
): boolean => {
  const to = keys && rekeyedName(key, keys[0].id);
  if (to === key) return false;
  return all.some((other) => other.key === to && other.signed.manifest.id === signed.manifest.id);
};

/** Manifest of an archive, believed. @throws as `authenticateManifest` */
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
