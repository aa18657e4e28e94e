import { lstatSync, type Stats } from 'node:fs';
import { lstat, mkdir, open, opendir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { instead, onFile } from './directory-errors.ts';
import { isFolder } from './keys.ts';

/** The volume's fsGroup may read, nobody else. */
const folderMode = 0o750;

/** Makes names in a folder durable. SMB mounts have no such call and answer EINVAL, others ENOTSUP. */
export const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder, 'r');
  await handle
    .sync()
    .catch(instead(undefined, 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP'))
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

/** The look that waits for a volume far away; after it the kernel knows the way, so that others need no thread of their own. */
const lookFirst = async (root: string, folder: string): Promise<Stats> =>
  lstat(folder).catch(async (error: unknown) => {
    await checkRoot(root); // it may be what is missing
    throw error;
  });

/** Folder of a key. No segment may be a symbolic link: it would lead out of the store. */
const folderOf = async (root: string, key: string, create: boolean): Promise<string> => {
  const segments = key.split('/').slice(0, -1);
  if (create || segments.length === 0) await checkRoot(root);
  let folder = root;
  for (const [index, segment] of segments.entries()) {
    folder = join(folder, segment);
    if (create) await makeFolder(folder);
    const stats = await (index === 0 ? lookFirst(root, folder) : lstatSync(folder));
    if (!stats.isDirectory()) throw new BackupError('store.odd', `${folder} is not a real folder`);
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

/** Entries that are handed over together. @default 256 */
const mostTogether = 256;

/** Files and links below the folder part of `prefix`, in the order of their keys, which is the order of S3; some at a time. */
export async function* walk(root: string, prefix: string): AsyncGenerator<readonly TreeEntry[]> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const path = await onFile(join(root, folder), () => pathOf(root, folder)).catch(absent);
  if (path !== undefined) yield* walkFolder(root, folder, prefix);
}

const absent = (error: unknown): undefined => {
  if (error instanceof BackupError && error.code === 'store.missing') return undefined;
  throw error;
};

/** Entries of one folder that are kept in memory to sort them. @default 1,000,000 - 10 years of audit entries of 50 targets */
const mostEntries = 1_000_000;

/** Entries that the kernel is asked for at a time. @default 1,024 */
const entriesRead = 1024;

/** Names in a folder, sorted as their keys are: those of folders end with one slash, those of neither files nor folders with two. */
const namesIn = async (path: string): Promise<readonly string[]> => {
  const folder = await opendir(path, { bufferSize: entriesRead }).catch(instead(undefined, 'ENOENT'));
  if (!folder) return [];
  const names: string[] = [];
  try {
    for (;;) {
      // a promise for each entry would cost more than reading the folder
      const entry = names.length % entriesRead === 0 ? await folder.read() : folder.readSync();
      if (!entry) break;
      names.push(`${entry.name}${entry.isDirectory() ? '/' : entry.isFile() ? '' : '//'}`);
      if (names.length > mostEntries)
        throw new BackupError('store.failed', `folder ${path} has more than ${mostEntries} entries`);
    }
  } finally {
    folder.closeSync();
  }
  return names.sort();
};

async function* walkFolder(
  root: string,
  folder: string,
  prefix: string,
): AsyncGenerator<readonly TreeEntry[]> {
  const path = join(root, folder);
  let entries: TreeEntry[] = [];
  for (const named of await onFile(path, () => namesIn(path))) {
    const name = named.replace(/\/+$/, '');
    const isFolderName = named === `${name}/`;
    const key = `${folder}${isFolderName ? named : name}`;
    if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
    if (!isFolderName) entries.push({ key, name, isFile: named === name });
    if (isFolderName || entries.length === mostTogether) {
      yield entries;
      entries = [];
    }
    if (isFolderName && isFolder(key)) yield* walkFolder(root, key, prefix); // not `lost+found`, which only root may read
  }
  yield entries;
}
