import { lstat, mkdir, open, readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { instead, onFile } from './directory-errors.ts';
import { isObjectKey } from './keys.ts';

/** The volume's fsGroup may read, nobody else. */
const folderMode = 0o750;

/** Makes names in a folder durable. SMB mounts have no such call and answer EINVAL. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  await handle
    .sync()
    .catch(instead(undefined, 'EINVAL'))
    .finally(() => handle.close());
};

/** The root is never made: it is a mount, and where the mount is absent a backup must not land on the node's disk. */
const checkRoot = async (root: string): Promise<void> => {
  const stats = await stat(root).catch(instead(undefined, 'ENOENT'));
  if (!stats?.isDirectory())
    throw new BackupError('store.refused', `folder ${root} does not exist: is the volume mounted?`);
};

const makeFolder = async (folder: string): Promise<void> => {
  const made = await mkdir(folder, { mode: folderMode }).then(() => true, instead(false, 'EEXIST'));
  if (made) await syncFolder(dirname(folder));
};

/** Folder of a key. No segment may be a symbolic link: it would lead out of the store. */
const folderOf = async (root: string, key: string, create: boolean): Promise<string> => {
  await checkRoot(root);
  let folder = root;
  for (const segment of key.split('/').slice(0, -1)) {
    folder = join(folder, segment);
    if (create) await makeFolder(folder);
    if (!(await lstat(folder)).isDirectory())
      throw new BackupError('store.refused', `${folder} is not a folder of its own`);
  }
  return folder;
};

/** Path of a key for reading. @throws ENOENT where a folder is missing. */
export const pathOf = async (root: string, key: string): Promise<string> => {
  await folderOf(root, key, false);
  return join(root, key);
};

/** Path of a key for writing; its folders exist afterwards. */
export const pathFor = async (root: string, key: string): Promise<string> => {
  await folderOf(root, key, true);
  return join(root, key);
};

export interface TreeEntry {
  readonly key: string;
  readonly name: string;
  readonly isFile: boolean;
}

/** Files and links below the folder part of `prefix`, in the order of their keys, which is the order of S3. */
export async function* walk(root: string, prefix: string): AsyncGenerator<TreeEntry> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const path = await onFile(join(root, folder), () => pathOf(root, folder)).catch(absent);
  if (path !== undefined) yield* walkFolder(root, folder, prefix);
}

const absent = (error: unknown): undefined => {
  if (error instanceof BackupError && error.code === 'store.missing') return undefined;
  throw error;
};

const byKey = (a: { readonly key: string }, b: { readonly key: string }): number => (a.key < b.key ? -1 : 1);

async function* walkFolder(root: string, folder: string, prefix: string): AsyncGenerator<TreeEntry> {
  const path = join(root, folder);
  const entries = await onFile(path, () =>
    readdir(path, { withFileTypes: true }).catch(instead([], 'ENOENT')),
  );
  const named = entries.map((entry) => ({
    entry,
    key: `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`,
  }));
  for (const { entry, key } of named.sort(byKey)) {
    if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
    if (!entry.isDirectory()) yield { key, name: entry.name, isFile: entry.isFile() };
    else if (isObjectKey(entry.name)) yield* walkFolder(root, key, prefix); // not `lost+found`, which only root may read
  }
}
