import { closeSync, constants, fstat, fstatSync, lstatSync, open, openSync, type Stats } from 'node:fs';
import { lstat } from 'node:fs/promises';
import { promisify } from 'node:util';
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

/** What has a path, waited for on the spot only where the volume is on this machine. */
export const lookAt = (path: string, isNear: boolean): Stats | Promise<Stats> =>
  isNear ? lstatSync(path) : lstat(path);

const unlessGone = (error: unknown, path: string): undefined => {
  if (!gone.includes(errnoOf(error))) throw fileError(error, path);
};

/** What has a path that its folder has just shown, on a volume of this machine; undefined where there is nothing any more. A store has hundreds of thousands. */
export const statsNow = (path: string): Stats | undefined => {
  try {
    return lstatSync(path, { throwIfNoEntry: false });
  } catch (error) {
    return unlessGone(error, path);
  }
};

/** The same of a volume that may be far away. */
export const statsOf = (path: string): Promise<Stats | undefined> =>
  lstat(path).catch((error: unknown) => unlessGone(error, path));

/** A file that is open, and its size then. */
interface OpenFile {
  readonly descriptor: number;
  readonly size: number;
}

const openBack = promisify(open);
const fstatBack = promisify(fstat);

/**
 * Opens a file for reading, whose folder was looked at. Looks before it opens, as opening a device can do something, and afterwards, as it may have changed: a pipe never blocks.
 * Without promises where the kernel knows the answer: small objects are read by the thousand.
 * @param isNear true for a volume of this machine. @default false
 */
export const openFile = async (path: string, isNear = false): Promise<OpenFile> => {
  const found = await lookAt(path, isNear);
  if (!found.isFile()) throw odd(path, found);
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
  const descriptor = isNear ? openSync(path, flags) : await openBack(path, flags);
  const opened = isNear ? fstatSync(descriptor) : await fstatBack(descriptor);
  if (opened.isFile()) return { descriptor, size: opened.size };
  closeSync(descriptor);
  throw odd(path, opened);
};
