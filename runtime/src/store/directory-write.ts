import { closeSync } from 'node:fs';
import { link, open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { chunksOf } from './body.ts';
import { cannotLink, checkFree, commit, fileMode, throughPartial } from './directory-commit.ts';
import { instead, onFile } from './directory-errors.ts';
import { openFile } from './directory-kinds.ts';
import { pathFor, pathOf, syncFolder } from './directory-tree.ts';
import type { Body, PutOptions } from './store.ts';

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
  const source = `${root}/${from}`;
  await onFile(source, async () => closeSync((await openFile(await pathOf(root, from))).descriptor));
  const path = await onFile(`${root}/${to}`, () => pathFor(root, to));
  await onFile(path, () => checkFree(path));
  const linked = await onFile(path, () => link(source, path).then(() => true, instead(false, ...cannotLink)));
  if (linked) await onFile(path, () => syncFolder(dirname(path)));
  return linked;
};
