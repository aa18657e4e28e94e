import { randomBytes } from 'node:crypto';
import { link, lstat, open, rename, rm, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { errnoOf, instead, onFile } from './directory-errors.ts';
import { fileAt } from './directory-kinds.ts';
import { syncFolder } from './directory-tree.ts';
import { partialName } from './keys.ts';

/** The volume's fsGroup may read, nobody else. */
export const fileMode = 0o640;

/** What link(2) and symlink(2) answer on file systems without links (SMB, FAT), between two of them, and to a file of another owner. */
export const cannotLink = ['EXDEV', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS', 'EMLINK'];

/** @throws EEXIST, or BackupError `store.odd` where what is there is no file */
export const checkFree = async (path: string): Promise<void> => {
  if (await fileAt(path)) throw Object.assign(new Error(), { code: 'EEXIST' });
};

/** A claim lasts for a look and a rename; one that is older is of a killed run. */
const claimMs = 60_000;

/** Id of a claim, the same for every writer of a name, so that one of them gets it; to all others it is a partial file. */
const claimId = '0'.repeat(12);

const claim = async (path: string): Promise<string> => {
  const mark = partialName(path, claimId);
  const found = await lstat(mark).catch(instead(undefined, 'ENOENT'));
  if (found && Date.now() - found.mtimeMs > claimMs) await rm(mark, { force: true });
  await (await open(mark, 'wx', fileMode)).close();
  return mark;
};

/** Gives a file its name where there are no hard links: whoever creates the claim exclusively may look and rename. */
const commitClaimed = async (partial: string, path: string): Promise<void> => {
  const mark = await claim(path);
  try {
    await checkFree(path);
    await rename(partial, path);
  } finally {
    await unlink(mark);
  }
};

/** Gives a complete file its name. link(2) never overwrites. */
export const commit = async (partial: string, path: string, replace: boolean): Promise<void> => {
  if (replace) return rename(partial, path);
  await link(partial, path).catch(async (error: unknown) => {
    if (cannotLink.includes(errnoOf(error))) return commitClaimed(partial, path);
    await checkFree(path);
    throw error;
  });
};

/** Runs `make` on a name that nobody lists, then makes the folder durable; nothing of that name stays behind. */
export const throughPartial = async <T>(path: string, make: (partial: string) => Promise<T>): Promise<T> => {
  const partial = partialName(path, randomBytes(6).toString('hex'));
  try {
    const result = await make(partial);
    await onFile(path, () => syncFolder(dirname(path)));
    return result;
  } finally {
    await rm(partial, { force: true }).catch(() => {}); // what cannot be removed now is a leftover
  }
};
