import { closeSync, read, type Stats } from 'node:fs';
import { lstat, statfs, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { BackupError } from '../core/errors.ts';
import { keyChecking } from './key-checking-store.ts';
import type { DirectoryConfig } from './config.ts';
import { pointAlias, resolveAlias } from './directory-alias.ts';
import { instead, onFile } from './directory-errors.ts';
import { fileAt, openFile, statsOf } from './directory-kinds.ts';
import { pathOf, syncFolder, walk } from './directory-tree.ts';
import { linkFile, putFile } from './directory-write.ts';
import { isObjectKey, isPartial } from './keys.ts';
import type { ListOptions, Space, Store, StoredObject } from './store.ts';

const readBytes = 1 << 20;

const readAt = promisify(read);

async function* readFrom(
  path: string,
  descriptor: number,
  start: number,
  end: number,
): AsyncGenerator<Buffer> {
  for (let position = start; position < end;) {
    const wanted = Math.min(readBytes, end - position);
    const { bytesRead, buffer } = await onFile(path, () =>
      readAt(descriptor, Buffer.allocUnsafe(wanted), 0, wanted, position),
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

async function* get(root: string, key: string, start = 0): AsyncGenerator<Buffer> {
  const path = join(root, key);
  const { descriptor, size } = await onFile(path, async () => openFile(pathOf(root, key)));
  try {
    if (start > size)
      throw new BackupError('store.failed', `${path} has ${size} bytes, asked to start at ${start}`);
    yield* readFrom(path, descriptor, start, size);
  } finally {
    closeSync(descriptor);
  }
}

const described = (key: string, { size, ino, mtime, mtimeMs, ctimeMs }: Stats): StoredObject => ({
  key,
  bytes: size,
  modified: mtime,
  tag: `${ino}-${mtimeMs}-${ctimeMs}`,
});

const head = async (root: string, key: string): Promise<StoredObject | undefined> => {
  const find = async () => fileAt(pathOf(root, key));
  const stats = await onFile(join(root, key), () => find().catch(instead(undefined, 'ENOENT')));
  return stats && described(key, stats);
};

/** An object of which only the name was asked for. */
const named = (key: string): StoredObject => ({ key, bytes: 0, modified: new Date(0), tag: '' });

async function* list(
  root: string,
  prefix: string,
  { describes = () => true, after = '' }: ListOptions = {},
): AsyncGenerator<readonly StoredObject[]> {
  for await (const entries of walk(root, prefix)) {
    const objects: StoredObject[] = [];
    for (const { key, isFile } of entries) {
      if (!isFile || key <= after || !isObjectKey(key)) continue;
      const stats = describes(key) && statsOf(`${root}/${key}`); // the walk has just seen that its folders are real
      if (stats === false) objects.push(named(key));
      else if (stats?.isFile()) objects.push(described(key, stats)); // else it was one when its folder was read
    }
    yield objects;
  }
}

const remove = async (root: string, key: string): Promise<void> => {
  const unlinkIn = async (path: string) => {
    await unlink(path);
    await syncFolder(dirname(path));
  };
  const find = async () => unlinkIn(pathOf(root, key));
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
async function* partials(root: string, olderThan: Date): AsyncGenerator<string> {
  for await (const entries of walk(root, ''))
    for (const { key, name } of entries) {
      const path = join(root, key);
      if (isPartial(name) && (await onFile(path, () => isOlder(path, olderThan)))) yield path;
    }
}

const leftovers = async (root: string, olderThan: Date): Promise<number> => {
  let found = 0;
  for await (const _ of partials(root, olderThan)) found++;
  return found;
};

const removeLeftovers = async (root: string, olderThan: Date): Promise<number> => {
  let removed = 0;
  for await (const path of partials(root, olderThan))
    if (await onFile(path, () => unlink(path).then(() => true, instead(false, 'ENOENT')))) removed++;
  return removed;
};

/**
 * A store in a folder that already exists, such as a mounted volume. Files have mode 0640, folders 0750. Symbolic
 * links among its folders are refused, so that no key leads out of it.
 */
export const directoryStore = ({ path: root }: DirectoryConfig): Store => {
  const store: Store = {
    kind: 'directory',
    location: root,
    put: (key, body, options) => putFile(root, key, body, options),
    get: (key, start) => get(root, key, start),
    head: (key) => head(root, key),
    list: (prefix, options) => list(root, prefix, options),
    remove: (key) => remove(root, key),
    copy: async (from, to) => {
      if (!(await linkFile(root, from, to))) await store.put(to, store.get(from));
    },
    point: (alias, key) => pointAlias(root, alias, key),
    resolve: (alias) => resolveAlias(root, alias),
    prolong: async () => {},
    space: () => space(root),
    leftovers: (olderThan) => leftovers(root, olderThan),
    removeLeftovers: (olderThan) => removeLeftovers(root, olderThan),
  };
  return keyChecking(store);
};
