import { randomBytes } from 'node:crypto';
import { link, lstat, open, rename, rm, symlink, type FileHandle } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { chunksOf } from './body.ts';
import { errnoOf, instead, onFile } from './directory-errors.ts';
import { pathFor, pathOf, syncFolder } from './directory-tree.ts';
import { partialName } from './keys.ts';
import type { Body, PutOptions } from './store.ts';

/** The volume's fsGroup may read, nobody else. */
const fileMode = 0o640;

/** What link(2) answers on file systems without hard links, between two of them, and to a file of another owner. */
const cannotLink = ['EXDEV', 'EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

const checkFree = async (path: string): Promise<void> => {
  if (await lstat(path).catch(instead(undefined, 'ENOENT')))
    throw Object.assign(new Error(), { code: 'EEXIST' });
};

/** Gives a complete file its name. link(2) never overwrites; where it is missing, the target's lock keeps others away. */
const commit = async (partial: string, path: string, replace: boolean): Promise<void> => {
  if (replace) return rename(partial, path);
  await link(partial, path).catch(async (error: unknown) => {
    if (!cannotLink.includes(errnoOf(error))) throw error;
    await checkFree(path);
    await rename(partial, path);
  });
};

/** Runs `make` on a name that nobody lists, then makes the folder durable; nothing of that name stays behind. */
const throughPartial = async <T>(path: string, make: (partial: string) => Promise<T>): Promise<T> => {
  const partial = partialName(path, randomBytes(6).toString('hex'));
  try {
    const result = await make(partial);
    await onFile(path, () => syncFolder(dirname(path)));
    return result;
  } finally {
    await rm(partial, { force: true }).catch(() => {}); // what cannot be removed now is a leftover
  }
};

/** Bytes between two starts of write-back: the last sync is short, and a container's page cache holds no more. @default 8 MiB */
const writeBackBytes = 8 << 20;

const writeAll = async (path: string, file: FileHandle, chunks: AsyncIterable<Buffer>): Promise<number> => {
  let bytes = 0;
  let writtenBack = Promise.resolve();
  for await (const chunk of chunks) {
    await onFile(path, () => file.writeFile(chunk));
    const due = Math.floor(bytes / writeBackBytes) < Math.floor((bytes + chunk.length) / writeBackBytes);
    bytes += chunk.length;
    if (!due) continue;
    await writtenBack;
    writtenBack = onFile(path, () => file.datasync());
    writtenBack.catch(() => {}); // reported when the next is due, or at the end
  }
  await writtenBack;
  await onFile(path, () => file.sync());
  return bytes;
};

export const putFile = async (
  root: string,
  key: string,
  body: Body,
  options: PutOptions = {},
): Promise<number> => {
  const { replace = false, signal } = options;
  const path = await onFile(`${root}/${key}`, () => pathFor(root, key));
  if (!replace) await onFile(path, () => checkFree(path));
  return throughPartial(path, async (partial) => {
    const file = await onFile(path, () => open(partial, 'wx', fileMode));
    const bytes = await writeAll(path, file, chunksOf(body, signal)).finally(() =>
      onFile(path, () => file.close()),
    );
    await onFile(path, () => commit(partial, path, replace));
    return bytes;
  });
};

/** Hard link; false where the file system has none. */
export const linkFile = async (root: string, from: string, to: string): Promise<boolean> => {
  const source = await onFile(`${root}/${from}`, () => pathOf(root, from));
  const path = await onFile(`${root}/${to}`, () => pathFor(root, to));
  await onFile(source, () => lstat(source));
  const linked = await onFile(path, () => link(source, path).then(() => true, instead(false, ...cannotLink)));
  if (linked) await onFile(path, () => syncFolder(dirname(path)));
  return linked;
};

export const pointLink = async (root: string, alias: string, key: string): Promise<void> => {
  const path = await onFile(`${root}/${alias}`, () => pathFor(root, alias));
  await throughPartial(path, async (partial) => {
    await onFile(path, () => symlink(basename(key), partial));
    await onFile(path, () => rename(partial, path));
  });
};
