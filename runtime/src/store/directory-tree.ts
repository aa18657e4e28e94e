import { readdirSync, statSync, type Dir, type Dirent } from 'node:fs';
import { mkdir, open, opendir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { BackupError } from '../core/errors.ts';
import { instead, onFile } from './directory-errors.ts';
import { lookAt } from './directory-kinds.ts';
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
  const stats = await stat(root).catch(instead(undefined, 'ENOENT', 'ENOTDIR'));
  if (!stats?.isDirectory())
    throw new BackupError('store.refused', `folder ${root} does not exist: is the volume mounted?`);
};

const makeFolder = async (folder: string): Promise<void> => {
  const made = await mkdir(folder, { mode: folderMode }).then(() => true, instead(false, 'EEXIST'));
  if (made) await syncFolder(dirname(folder));
};

/** Folders of a key below the root, the outermost first. */
const foldersOf = (root: string, key: string): readonly string[] =>
  key.split('/').slice(0, -1).map((_, index, segments) => join(root, ...segments.slice(0, index + 1))); // prettier-ignore

/** A symbolic link would lead out of the store. */
const checkFolder = async (folder: string, isNear = false): Promise<void> => {
  const stats = await lookAt(folder, isNear);
  if (!stats.isDirectory()) throw new BackupError('store.odd', `${folder} is not a real folder`);
};

/** @throws ENOENT where a folder of the key is missing */
const checkFolders = async (root: string, key: string, isNear: boolean): Promise<void> => {
  const folders = foldersOf(root, key);
  try {
    for (const folder of folders) await checkFolder(folder, isNear);
  } catch (error) {
    await checkRoot(root); // it may be what is missing
    throw error;
  }
  if (folders.length === 0) await checkRoot(root);
};

/** Path of a key for reading. @throws ENOENT where a folder is missing. */
export const pathOf = async (root: string, key: string, isNear = false): Promise<string> => {
  await checkFolders(root, key, isNear);
  return join(root, key);
};

/** Path of a key for writing; its folders exist afterwards. */
export const pathFor = async (root: string, key: string): Promise<string> => {
  await checkRoot(root);
  for (const folder of foldersOf(root, key)) {
    await makeFolder(folder);
    await checkFolder(folder);
  }
  return join(root, key);
};

/** Names of some files of one folder. */
export interface TreePart {
  /** Empty or with a slash at its end: a key is folder and name. */
  readonly folder: string;
  readonly names: readonly string[];
}

/**
 * Files below the folder part of `prefix`, in the order of their keys, which is the order of S3; some at a time.
 * @param isNear true for a volume of this machine
 */
export async function* walk(root: string, prefix: string, isNear: boolean): AsyncGenerator<TreePart> {
  const folder = prefix.slice(0, prefix.lastIndexOf('/') + 1);
  const read = () => namesIn(join(root, folder), isNear).finally(() => checkFolders(root, folder, isNear));
  const names = await onFile(join(root, folder), read).catch(absent);
  if (names !== undefined) yield* walkFolder({ root, prefix, isNear }, folder, names);
}

const absent = (error: unknown): undefined => {
  if (error instanceof BackupError && error.code === 'store.missing') return undefined;
  throw error;
};

/** Entries of one folder that are kept in memory to sort them. @default 1,000,000 - 10 years of audit entries of 50 targets */
const mostEntries = 1_000_000;

/** Entries that the kernel is asked for at a time. @default 1,024 */
const entriesRead = 1024;

/** Larger folders of a volume near are read as those of one far away, which stops at too many entries: they may have a million. */
const atOnceBytes = 16 << 20;

/** A name as it is sorted: that of a folder ends with a slash. Undefined for what is neither a file nor a folder. */
const marked = (entry: Dirent): string | undefined => {
  if (entry.isFile()) return entry.name;
  return entry.isDirectory() ? `${entry.name}/` : undefined;
};

/** Undefined where the folder is too large for it. */
const namesAtOnce = (path: string): string[] | undefined => {
  const stats = statSync(path, { throwIfNoEntry: false });
  if (!stats) return [];
  if (stats.size > atOnceBytes) return undefined;
  return readdirSync(path, { withFileTypes: true }).flatMap((entry) => marked(entry) ?? []);
};

/** Calls for each entry until there is none, or it returns false: a promise for each would cost more than reading the folder. */
const eachEntry = (folder: Dir, take: (entry: Dirent) => boolean): Promise<void> =>
  new Promise((resolve, reject) => {
    const next = (): void =>
      folder.read((error, entry) => {
        if (error) reject(error);
        else if (entry && take(entry)) next();
        else resolve();
      });
    next();
  });

const namesInTurn = async (path: string): Promise<string[]> => {
  const folder = await opendir(path, { bufferSize: entriesRead }).catch(instead(undefined, 'ENOENT'));
  if (!folder) return [];
  const names: string[] = [];
  let count = 0;
  const take = (entry: Dirent): boolean => {
    const name = marked(entry);
    if (name !== undefined) names.push(name);
    return ++count <= mostEntries;
  };
  await eachEntry(folder, take).finally(() => folder.close());
  if (count > mostEntries)
    throw new BackupError('store.failed', `folder ${path} has more than ${mostEntries} entries`);
  return names;
};

/** Names in a folder, marked, sorted as their keys are. */
const namesIn = async (path: string, isNear: boolean): Promise<readonly string[]> => {
  const names = (isNear ? namesAtOnce(path) : undefined) ?? (await namesInTurn(path));
  return names.sort();
};

/** Names that are handed over together. @default 256 */
const mostTogether = 256;

/** So many files, or those up to the next folder, which comes last. */
const partOf = (names: readonly string[], from: number): readonly string[] => {
  const end = Math.min(names.length, from + mostTogether);
  let to = from;
  while (to < end) if (names[to++]?.endsWith('/')) break;
  return names.slice(from, to);
};

async function* walkFolder(
  walked: { readonly root: string; readonly prefix: string; readonly isNear: boolean },
  folder: string,
  names: readonly string[],
): AsyncGenerator<TreePart> {
  const { root, prefix, isNear } = walked;
  const mayHold = (key: string) => key.startsWith(prefix) || prefix.startsWith(key);
  for (let from = 0; from < names.length;) {
    const part = partOf(names, from);
    from += part.length;
    const last = part.at(-1) ?? '';
    const key = `${folder}${last}`;
    yield { folder, names: last.endsWith('/') ? part.slice(0, -1) : part };
    if (!last.endsWith('/') || !mayHold(key)) continue;
    if (!isFolder(key)) continue; // not `lost+found`, which only root may read
    const below = join(root, key);
    yield* walkFolder(walked, key, await onFile(below, () => namesIn(below, isNear)));
  }
}
