import { lstatSync, statSync } from 'node:fs';
import { mkdir, open, opendir } from 'node:fs/promises';
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
const checkRoot = (root: string): void => {
  if (!statSync(root, { throwIfNoEntry: false })?.isDirectory())
    throw new BackupError('store.refused', `folder ${root} does not exist: is the volume mounted?`);
};

const makeFolder = async (folder: string): Promise<void> => {
  const made = await mkdir(folder, { mode: folderMode }).then(() => true, instead(false, 'EEXIST'));
  if (made) await syncFolder(dirname(folder));
};

/** Folders of a key below the root, the outermost first. */
const foldersOf = (root: string, key: string): readonly string[] =>
  key.split('/').slice(0, -1).map((_, index, segments) => join(root, ...segments.slice(0, index + 1))); // prettier-ignore

/** A symbolic link would lead out of the store. Looked at without a thread, as the kernel knows folders that were just listed. */
const checkFolder = (folder: string): void => {
  if (!lstatSync(folder).isDirectory()) throw new BackupError('store.odd', `${folder} is not a real folder`);
};

/** @throws ENOENT where a folder of the key is missing */
const checkFolders = (root: string, key: string): void => {
  const folders = foldersOf(root, key);
  try {
    folders.forEach(checkFolder);
  } catch (error) {
    checkRoot(root); // it may be what is missing
    throw error;
  }
  if (folders.length === 0) checkRoot(root);
};

/** Path of a key for reading. @throws ENOENT where a folder is missing. */
export const pathOf = (root: string, key: string): string => {
  checkFolders(root, key);
  return join(root, key);
};

/** Path of a key for writing; its folders exist afterwards. */
export const pathFor = async (root: string, key: string): Promise<string> => {
  checkRoot(root);
  for (const folder of foldersOf(root, key)) {
    await makeFolder(folder);
    checkFolder(folder);
  }
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
  // the reading waits for a volume far away, so that the look does not
  const read = () => namesIn(join(root, folder)).finally(() => checkFolders(root, folder));
  const names = await onFile(join(root, folder), read).catch(absent);
  if (names !== undefined) yield* walkFolder(root, folder, prefix, names);
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
  names: readonly string[],
): AsyncGenerator<readonly TreeEntry[]> {
  let entries: TreeEntry[] = [];
  for (const named of names) {
    const name = named.replace(/\/+$/, '');
    const isFolderName = named === `${name}/`;
    const key = `${folder}${isFolderName ? named : name}`;
    if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
    if (!isFolderName) entries.push({ key, name, isFile: named === name });
    if (isFolderName || entries.length === mostTogether) {
      yield entries;
      entries = [];
    }
    if (!isFolderName || !isFolder(key)) continue; // not `lost+found`, which only root may read
    const below = join(root, key);
    yield* walkFolder(root, key, prefix, await onFile(below, () => namesIn(below)));
  }
  yield entries;
}
