import { closeSync, read, readSync, type Stats } from 'node:fs';
import { lstat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BackupError } from '../core/errors.ts';
import { sideBySide } from '../core/side-by-side.ts';
import { keyChecking } from './key-checking-store.ts';
import type { DirectoryConfig } from './config.ts';
import { pointAlias, resolveAlias } from './directory-alias.ts';
import { instead, onFile } from './directory-errors.ts';
import { fileAt, openFile, statsNow, statsOf } from './directory-kinds.ts';
import { pathOf, syncFolder, walk, type TreePart } from './directory-tree.ts';
import { linkFile, putFile } from './directory-write.ts';
import { isPartial, objectNames } from './keys.ts';
import { nearness, type Nearness } from './near.ts';
import type { ListOptions, Space, Store, StoredObject } from './store.ts';

/** Where a store is. */
interface Folder {
  readonly root: string;
  readonly isNear: Nearness;
}

const readBytes = 1 << 20;

/** Of a longer file, each part is read beside other work. */
const nowBytes = 1 << 18;

const readAt = promisify(read);

/** The same, where it is no use to wait beside other work. */
const readNow = (...[descriptor, buffer, ...where]: readonly [number, Buffer, number, number, number]) =>
  Promise.resolve({ bytesRead: readSync(descriptor, buffer, ...where), buffer });

async function* readFrom(
  path: string,
  descriptor: number,
  start: number,
  end: number,
  readPart: typeof readNow,
): AsyncGenerator<Buffer> {
  for (let position = start; position < end;) {
    const wanted = Math.min(readBytes, end - position);
    const { bytesRead, buffer } = await onFile(path, () =>
      readPart(descriptor, Buffer.allocUnsafe(wanted), 0, wanted, position),
    );
    if (bytesRead === 0)
      throw new BackupError(
        'store.failed',
        `${path} was cut to ${position} of ${end} bytes while it was read`,
      );
    yield buffer.subarray(0, bytesRead);
    position += bytesRead;
  }
}

async function* get({ root, isNear }: Folder, key: string, start = 0): AsyncGenerator<Buffer> {
  const path = join(root, key);
  const near = await isNear();
  const { descriptor, size } = await onFile(path, async () => openFile(await pathOf(root, key, near), near));
  try {
    if (start > size)
      throw new BackupError('store.failed', `${path} has ${size} bytes, asked to start at ${start}`);
    yield* readFrom(path, descriptor, start, size, near && size <= nowBytes ? readNow : readAt);
  } finally {
    closeSync(descriptor);
  }
}

const described = (key: string, { size, ino, mtimeMs, ctimeMs }: Stats): StoredObject => ({
  key,
  bytes: size,
  modified: new Date(mtimeMs),
  tag: `${ino}-${mtimeMs}-${ctimeMs}`,
});

const head = async (root: string, key: string): Promise<StoredObject | undefined> => {
  const find = async () => fileAt(await pathOf(root, key));
  const stats = await onFile(join(root, key), () => find().catch(instead(undefined, 'ENOENT')));
  return stats && described(key, stats);
};

/** An object of which only the name was asked for. */
const named = (key: string): StoredObject => ({ key, bytes: 0, modified: new Date(0), tag: '' });

/** Looks at files at a time: a volume far away answers several. @default 4 - threads of the process for them */
const looksTogether = 4;

/** Objects of some names of a folder that the walk has just seen to be real. */
const objectsIn = async (
  { root, near }: { readonly root: string; readonly near: boolean },
  prefix: string,
  { folder, names }: TreePart,
  { describes = () => true, after = '' }: ListOptions,
): Promise<readonly StoredObject[]> => {
  const isObject = objectNames(folder);
  const keys = names.flatMap((name) => {
    const key = `${folder}${name}`;
    return isObject(name) && key > after && key.startsWith(prefix) ? [key] : [];
  });
  const asked = keys.filter(describes);
  const stats = near
    ? asked.map((key) => statsNow(`${root}/${key}`))
    : await sideBySide(asked, looksTogether, (key) => statsOf(`${root}/${key}`));
  const statsOfKey = new Map(asked.map((key, index) => [key, stats[index]]));
  return keys.flatMap((key) => {
    if (!statsOfKey.has(key)) return [named(key)];
    const found = statsOfKey.get(key);
    return found?.isFile() ? [described(key, found)] : []; // it was one when its folder was read
  });
};

async function* list(
  { root, isNear }: Folder,
  prefix: string,
  options: ListOptions = {},
): AsyncGenerator<readonly StoredObject[]> {
  const near = await isNear();
  for await (const part of walk(root, prefix, near))
    yield await objectsIn({ root, near }, prefix, part, options);
}

const remove = async (root: string, key: string): Promise<void> => {
  const unlinkIn = async (path: string) => {
    await unlink(path);
    await syncFolder(dirname(path));
  };
  const find = async () => unlinkIn(await pathOf(root, key));
  await onFile(join(root, key), () => find().catch(instead(undefined, 'ENOENT')));
};

/** Blocks that root alone may fill do not count as free. */
const space = async (root: string): Promise<Space> => {
  const { bsize, bavail, blocks } = await onFile(root, () => statfs(root));
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
};

/** A partial that is gone by now belonged to a `put` that has just ended. */
const isOlder = async (path: string, time: Date): Promise<boolean> => {
  const stats = await lstat(path).catch(instead(undefined, 'ENOENT'));
  return stats !== undefined && stats.mtime < time;
};

/** Paths of partial files last written before that time. */
async function* partials({ root, isNear }: Folder, olderThan: Date): AsyncGenerator<string> {
  for await (const { folder, names } of walk(root, '', await isNear()))
    for (const name of names) {
      const path = join(root, folder, name);
      if (isPartial(name) && (await onFile(path, () => isOlder(path, olderThan)))) yield path;
    }
}

const leftovers = async (folder: Folder, olderThan: Date): Promise<number> => {
  let found = 0;
  for await (const _ of partials(folder, olderThan)) found++;
  return found;
};

const removeLeftovers = async (folder: Folder, olderThan: Date): Promise<number> => {
  let removed = 0;
  for await (const path of partials(folder, olderThan))
    if (await onFile(path, () => unlink(path).then(() => true, instead(false, 'ENOENT')))) removed++;
  return removed;
};

/**
 * A store in a folder that already exists, such as a mounted volume. Files have mode 0640, folders 0750. Symbolic
 * links among its folders are refused, so that no key leads out of it.
 * @param isNear whether it lies on this machine. @default as its file system says
 */
export const directoryStore = ({ path: root }: DirectoryConfig, isNear: Nearness = nearness(root)): Store => {
  const folder = { root, isNear };
  const store: Store = {
    kind: 'directory',
    location: root,
    put: (key, body, options) => putFile(root, key, body, options),
    get: (key, start) => get(folder, key, start),
    head: (key) => head(root, key),
    list: (prefix, options) => list(folder, prefix, options),
    remove: (key) => remove(root, key),
    copy: async (from, to) => {
      if (!(await linkFile(root, from, to))) await store.put(to, store.get(from));
    },
    point: (alias, key) => pointAlias(root, alias, key),
    resolve: (alias) => resolveAlias(root, alias),
    prolong: async () => {},
    space: () => space(root),
    leftovers: (olderThan) => leftovers(folder, olderThan),
    removeLeftovers: (olderThan) => removeLeftovers(folder, olderThan),
  };
  return keyChecking(store);
};
