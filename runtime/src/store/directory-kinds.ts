import { constants, lstat as lstatBack, type Stats } from 'node:fs';
import { lstat, open, type FileHandle } from 'node:fs/promises';
import { BackupError } from '../core/errors.ts';
import { errnoOf, fileError, instead } from './directory-errors.ts';

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

/** What an entry answers that went, or whose folder became something else, since it was listed. */
const gone = ['ENOENT', 'ENOTDIR', 'ELOOP'];

/**
 * What has each of the paths, looked at together, for a volume far away; undefined where there is nothing. With callbacks:
 * promises cost more than the calls, and a store has hundreds of thousands of files.
 */
export const statsOf = (paths: readonly (string | undefined)[]): Promise<readonly (Stats | undefined)[]> =>
  new Promise((resolve, reject) => {
    const found: (Stats | undefined)[] = paths.map(() => undefined);
    let left = 1;
    const done = (): void => void (--left === 0 && resolve(found));
    for (const [index, path] of paths.entries()) {
      if (path === undefined) continue;
      left++;
      lstatBack(path, (error, stats) => {
        if (error && !gone.includes(errnoOf(error))) reject(fileError(error, path));
        if (!error) found[index] = stats;
        done();
      });
    }
    done();
  });

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
