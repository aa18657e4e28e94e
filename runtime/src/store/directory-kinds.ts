import { constants, type Stats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { BackupError } from '../core/errors.ts';
import { instead } from './directory-errors.ts';

const kindOf = (stats: Stats): string => {
  if (stats.isDirectory()) return 'a folder';
  if (stats.isSymbolicLink()) return 'a symbolic link';
  if (stats.isFIFO()) return 'a pipe';
  if (stats.isSocket()) return 'a socket';
  return 'a device';
};

/** Something else than a file has the name of one. */
const odd = (path: string, stats: Stats): BackupError =>
  new BackupError('store.odd', `${path} is ${kindOf(stats)}, not a file`);

/** The file of that name; undefined where there is nothing. @throws BackupError `store.odd` */
export const fileAt = async (path: string): Promise<Stats | undefined> => {
  const stats = await lstat(path).catch(instead(undefined, 'ENOENT'));
  if (stats && !stats.isFile()) throw odd(path, stats);
  return stats;
};

/** Looks before it opens, as opening a device can do something, and afterwards, as it may have changed: a pipe never blocks. */
export const openFile = async (path: string): Promise<FileHandle> => {
  const found = await lstat(path);
  if (!found.isFile()) throw odd(path, found);
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  const opened = await file.stat();
  if (opened.isFile()) return file;
  await file.close();
  throw odd(path, opened);
};
