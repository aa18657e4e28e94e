import { closeSync, read } from 'node:fs';
import { lstat, open, readlink, rename, symlink } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { cannotLink, fileMode, throughPartial } from './directory-commit.ts';
import { errnoOf, instead, onFile } from './directory-errors.ts';
import { openFile } from './directory-kinds.ts';
import { pathFor, pathOf } from './directory-tree.ts';
import { besideAlias } from './keys.ts';
import { mostBytes, tooLarge } from './size-limits.ts';

/** A file with the name of the object, as in S3, where the volume has no symbolic links. */
const writeAlias = async (path: string, name: string): Promise<void> => {
  const file = await open(path, 'wx', fileMode);
  await file
    .writeFile(name)
    .then(() => file.sync())
    .finally(() => file.close());
};

/** Moves an alias: a symbolic link, or where the volume has none a file with the name. */
export const pointAlias = async (root: string, alias: string, key: string): Promise<void> => {
  const path = await onFile(`${root}/${alias}`, () => pathFor(root, alias));
  const name = basename(key);
  await throughPartial(path, async (partial) => {
    const make = async () =>
      symlink(name, partial).catch((error: unknown) => {
        if (!cannotLink.includes(errnoOf(error))) throw error;
        return writeAlias(partial, name);
      });
    await onFile(path, make);
    await onFile(path, () => rename(partial, path));
  });
};

const readBack = promisify(read);

const readAlias = async (path: string): Promise<string> => {
  const stats = await lstat(path);
  if (stats.isSymbolicLink()) return readlink(path);
  const { descriptor, size } = await openFile(path);
  try {
    if (size > mostBytes.alias) throw tooLarge(path, 'alias', size);
    const name = Buffer.alloc(mostBytes.alias);
    const { bytesRead } = await readBack(descriptor, name, 0, name.length, 0);
    return name.toString('utf8', 0, bytesRead);
  } finally {
    closeSync(descriptor);
  }
};

export const resolveAlias = async (root: string, alias: string): Promise<string | undefined> => {
  const find = async () => readAlias(await pathOf(root, alias));
  const name = await onFile(join(root, alias), () => find().catch(instead(undefined, 'ENOENT')));
  return name === undefined ? undefined : besideAlias(alias, name);
};
