import { decompress } from '../pipeline/compress.ts';
import { unpack } from '../pipeline/unpack.ts';
import { asDamage } from './as-damage.ts';
import { believe, type Believed } from './authentic.ts';
import { newestOf } from './facts.ts';
import { readArchive, type Archive, type BrokenArchive } from './catalogue.ts';
import { fileName, folderOf, tiers } from './layout.ts';
import { isParted, keyFor, type FileManifest } from './manifest.ts';
import { aliasPrefix } from '../contract/names.ts';
import { BackupError } from '../core/errors.ts';
import type { DumpEntry, Entries } from '../core/entries.ts';
import { countingBytes } from '../core/count-bytes.ts';
import { mustExist } from '../core/must-exist.ts';
import { archiveKeysOf } from '../crypto/archive-keys.ts';
import { open } from '../crypto/open.ts';
import { contradictions } from '../engines/fingerprint.ts';
import { engines } from '../engines/registry.ts';
import type { Store } from '../store/store.ts';
import { allStores, type App } from '../session/app.ts';
import { knownOf } from './known.ts';
import { believedAt, expectedOf, type Origin } from './of-target.ts';
import { withParts } from './parts/read.ts';

type Listed = FileManifest['entries'][number];

/** An archive of any kind whose manifest is believed. */
export interface Readable {
  readonly store: Store;
  readonly key: string;
  readonly manifest: FileManifest;
}

/** Compressed bytes of an archive, each segment authenticated before it is decrypted; progress counts ciphertext. */
export async function* openBytes(app: App, archive: Readable, label: string): AsyncGenerator<Buffer> {
  const { manifest } = archive;
  const { archiveBytes, seal } = manifest;
  if (archiveBytes !== seal.bytes)
    throw new BackupError(
      'archive.damaged',
      `the manifest contradicts itself: ${archiveBytes} bytes, ${seal.bytes} of them sealed`,
    );
  const key = await keyFor(manifest, app.keys);
  const keys = key && (await archiveKeysOf(key, mustExist(manifest.encryption, 'encryption')));
  const progress = app.progress(label, archiveBytes);
  try {
    yield* open(countingBytes(archive.store.get(archive.key), progress.add), manifest.id, seal, keys);
  } finally {
    progress.done();
  }
}

/** Ends well only if as many bytes passed as the manifest says. */
async function* sized(content: AsyncIterable<Buffer>, { name, bytes }: Listed): AsyncGenerator<Buffer> {
  let seen = 0;
  yield* countingBytes(content, (passed) => (seen += passed));
  if (seen !== bytes)
    throw new BackupError('archive.damaged', `${name} has ${seen} bytes, ${bytes} were backed up`);
}

/** Entries are those of the manifest, in its order and of its sizes. */
async function* asListed(entries: Entries, listed: readonly Listed[]): AsyncGenerator<DumpEntry> {
  let index = 0;
  for await (const { name, content } of entries) {
    const expected = listed[index++];
    if (expected?.name !== name)
      throw new BackupError(
        'archive.damaged',
        `the archive holds ${name} instead of ${expected?.name ?? 'its end'}`,
      );
    yield { name, content: sized(content, expected) };
  }
  const missing = listed[index];
  if (missing) throw new BackupError('archive.damaged', `the archive lacks ${missing.name}`);
}

/** Entries of an archive, those that are parts among them; nothing of a segment released before it is authenticated. */
export const readEntries = (app: App, archive: Readable, label: string): Entries => {
  const { manifest } = archive;
  const file = unpack(asDamage(decompress(openBytes(app, archive, label), manifest.compression.algorithm)));
  const all = isParted(manifest) ? withParts(app, { ...archive, manifest }, file) : file;
  return asListed(all, manifest.entries);
};

/** Reads every byte: authenticity, encryption, compression, tar, the engine's own format, and what was counted or hashed. */
export const readThrough = async (app: App, archive: Believed): Promise<void> => {
  const { manifest } = archive;
  const engine = engines[manifest.engine];
  if (!engine)
    throw new BackupError(
      'source.unsupported',
      `archive was made by engine ${manifest.engine}, which this program does not have`,
    );
  const entries = readEntries(app, archive, `verify ${manifest.target}`);
  const counted = await engine.inspect(app.run, entries, manifest.fingerprint);
  const [first, ...more] = contradictions(manifest.fingerprint, counted);
  if (first === undefined) return;
  const others = more.length > 0 ? `; and ${more.length} more` : '';
  throw new BackupError('archive.damaged', `what was counted differs: ${first}${others}`);
};

/** Of what was set aside, so many are named. */
const namedAside = 3;

const asideText = (broken: readonly BrokenArchive[]): string => {
  if (broken.length === 0) return '';
  const named = broken.slice(0, namedAside).map(({ error }) => error.message);
  const more = broken.length > namedAside ? `; ${broken.length - namedAside} more` : '';
  return `; set aside: ${named.join('; ')}${more}`;
};

/** @param before undefined for any time */
const newestAnywhere = async (app: App, target: string, origin: Origin, before?: Date): Promise<Believed> => {
  const isBefore = (startedAt: string) => before === undefined || Date.parse(startedAt) < before.getTime();
  const aside: BrokenArchive[] = [];
  for (const store of allStores(app)) {
    const { archives, setAside } = await knownOf(app, store, target, origin);
    const found = newestOf(archives.filter(({ manifest }) => isBefore(manifest.startedAt)));
    for (const { key, error } of setAside)
      app.run.log.warn({ archive: key, store: store.location, problem: error.message }, 'set aside');
    if (found) return believedAt(app, store, target, found.key, origin);
    aside.push(...setAside);
  }
  const places = allStores(app).map((store) => store.location);
  const { fromTarget = target } = origin;
  throw new BackupError(
    aside.at(-1)?.error.code ?? 'archive.unknown', // a key that is wrong for all of them is not "none there"
    `no archive of ${fromTarget}${before ? ` that was begun before ${before.toISOString()}` : ''} in ${places.join(', ')}${asideText(aside)}`,
  );
};

/** The newest archive that was begun before an instant, in whatever tier. @throws BackupError `archive.unknown` */
export const findBefore = (app: App, target: string, instant: Date, origin: Origin = {}): Promise<Archive> =>
  newestAnywhere(app, target, origin, instant);

const locate = (app: App, name: string): { store: Store; key: string } | undefined => {
  for (const store of allStores(app)) {
    const prefix = `${store.location.replace(/\/$/, '')}/`;
    if (name.startsWith(prefix)) return { store, key: name.slice(prefix.length) };
  }
  return undefined;
};

/** Key of a bare file name, wherever its tier's folder is; a key with `/` is taken as it is. */
const keyOf = async (store: Store, target: string, name: string): Promise<string> => {
  if (name.includes('/')) return name;
  for (const tier of tiers) {
    const key = `${folderOf(target, tier)}/${name}`;
    if (await store.head(key)) return key;
  }
  return `${target}/${name}`;
};

/** Anybody who can write to the store can move an alias: it stands for the newest archive, whatever it names. */
const newestBehind = async (
  app: App,
  target: string,
  origin: Origin,
  store: Store,
  alias: string,
): Promise<Believed> => {
  const { archives, setAside } = await knownOf(app, store, target, origin);
  const newest = newestOf(archives);
  if (newest) return believedAt(app, store, target, newest.key, origin);
  throw new BackupError(
    'archive.unknown',
    `${alias} means the newest archive, but ${store.location} has none${asideText(setAside)}`,
  );
};

/**
 * An archive as users name it: nothing (the newest), a file name, a key, a path such as
 * `/backup/postgresql/latest_backup.tar.gz.enc`, or `s3://bucket/key`. It is not believed yet where it was named.
 * @throws BackupError `archive.unknown`
 */
export const findArchive = async (
  app: App,
  target: string,
  name: string | undefined,
  origin: Origin = {},
): Promise<Archive> => {
  if (name === undefined) return newestAnywhere(app, target, origin);
  const located = locate(app, name);
  if (!located && (name.startsWith('/') || name.includes('://')))
    throw new BackupError(
      'archive.unknown',
      `${name} was not found in ${allStores(app)
        .map((store) => store.location)
        .join(', ')}`,
    );
  const store = located?.store ?? app.stores.primary;
  const key = located?.key ?? (await keyOf(store, origin.fromTarget ?? target, name));
  return fileName(key).startsWith(aliasPrefix)
    ? newestBehind(app, target, origin, store, key)
    : readArchive(store, key);
};

/** Believes an archive that a person named, or that is the newest; only of the latter must the time be plausible. */
export const believeNamed = (
  app: App,
  archive: Archive,
  target: string,
  origin: Origin = {},
): Promise<Believed> => believe(archive, { ...expectedOf(app, target, origin), now: undefined });
