import { decompress } from '../archive/compress.ts';
import { unpack } from '../archive/unpack.ts';
import { readArchive, readCatalog, type Archive } from '../catalog/catalog.ts';
import { fileName, tiers } from '../catalog/layout.ts';
import { keyFor, type Manifest } from '../catalog/manifest.ts';
import { aliasPrefix } from '../contract/names.ts';
import { BackupError, isBackupError, messageOf } from '../core/errors.ts';
import type { Entries } from '../core/entries.ts';
import { tap } from '../core/taps.ts';
import { archiveKeysOf } from '../crypto/archive-keys.ts';
import { open } from '../crypto/open.ts';
import { engines } from '../engines/registry.ts';
import type { Store } from '../store/store.ts';
import { allStores, type App } from './app.ts';

/** What decompression reports is damage: the ciphertext was authentic, but not what this program writes. */
async function* asDamage(source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield* source;
  } catch (error) {
    throw isBackupError(error)
      ? error
      : new BackupError('archive.damaged', `archive cannot be decompressed: ${messageOf(error)}`, {
          cause: error,
        });
  }
}

/** Compressed bytes of an archive, each segment authenticated before it is decrypted; progress counts ciphertext. */
export async function* openBytes(
  app: App,
  archive: Archive,
  manifest: Manifest,
  label: string,
): AsyncGenerator<Buffer> {
  const key = await keyFor(manifest, app.keys);
  const keys = key && (await archiveKeysOf(key, manifest.encryption!));
  const progress = app.progress(label, manifest.archiveBytes);
  try {
    yield* open(tap(archive.store.get(archive.key), progress.add), manifest.id, manifest.seal, keys);
  } finally {
    progress.done();
  }
}

/** Entries of an archive, nothing of a segment released before it is authenticated. */
export const readEntries = (app: App, archive: Archive, manifest: Manifest, label: string): Entries =>
  unpack(asDamage(decompress(openBytes(app, archive, manifest, label), manifest.compression.algorithm)));

/** Reads every byte: authenticity, encryption, compression, tar, and the engine's own format. */
export const readThrough = async (app: App, archive: Archive, manifest: Manifest): Promise<void> => {
  const engine = engines[manifest.engine];
  if (!engine)
    throw new BackupError(
      'source.unsupported',
      `archive was made by engine ${manifest.engine}, which this program lacks`,
    );
  await engine.inspect(app.run, readEntries(app, archive, manifest, `verify ${manifest.target}`));
};

/** Newest committed archive of a target in a store, without the copies that restores made for safety. */
export const newestArchive = async (store: Store, target: string): Promise<Archive | undefined> => {
  const { archives } = await readCatalog(store, target);
  return archives.findLast(({ signed }) => signed.manifest.tier !== 'safety');
};

const newestAnywhere = async (app: App, target: string): Promise<Archive> => {
  for (const store of allStores(app)) {
    const found = await newestArchive(store, target);
    if (found) return found;
  }
  throw new BackupError(
    'archive.unknown',
    `no archive of ${target} in ${allStores(app)
      .map((store) => store.location)
      .join(', ')}`,
  );
};

const locate = (app: App, name: string): { store: Store; key: string } | undefined => {
  for (const store of allStores(app)) {
    const prefix = `${store.location.replace(/\/$/, '')}/`;
    if (name.startsWith(prefix)) return { store, key: name.slice(prefix.length) };
  }
  return undefined;
};

const folders = (target: string): readonly string[] =>
  tiers.map((tier) => (tier === 'daily' ? target : `${target}/${tier}`));

/** Key of a bare file name, wherever its tier's folder is; a key with `/` is taken as it is. */
const keyOf = async (store: Store, target: string, name: string): Promise<string> => {
  if (name.includes('/')) return name;
  for (const folder of folders(target)) if (await store.head(`${folder}/${name}`)) return `${folder}/${name}`;
  return `${target}/${name}`;
};

/**
 * An archive as users name it: nothing (the newest), a file name, a key, a path such as
 * `/backup/postgresql/latest_backup.tar.gz.enc`, or `s3://bucket/key`.
 * @throws BackupError `archive.unknown`
 */
export const findArchive = async (app: App, target: string, name: string | undefined): Promise<Archive> => {
  if (name === undefined) return newestAnywhere(app, target);
  const located = locate(app, name);
  if (!located && (name.startsWith('/') || name.includes('://')))
    throw new BackupError(
      'archive.unknown',
      `${name} is in none of ${allStores(app)
        .map((store) => store.location)
        .join(', ')}`,
    );
  const store = located?.store ?? app.stores.primary;
  const key = located?.key ?? (await keyOf(store, target, name));
  // An archive is no alias: a store would read all of it to find out.
  const isAlias = fileName(key).startsWith(aliasPrefix);
  return readArchive(store, (isAlias && (await store.resolve(key))) || key);
};
