import { BackupError, messageOf, type FailureCode } from '../core/errors.ts';

/** errno(3) → code. Whatever is not named here is `store.failed`. */
const codes: Readonly<Record<string, FailureCode>> = {
  ENOSPC: 'store.full',
  EDQUOT: 'store.full',
  EFBIG: 'store.full',
  EACCES: 'store.refused',
  EPERM: 'store.refused',
  EROFS: 'store.refused',
  ENOENT: 'store.missing',
  EEXIST: 'store.exists',
  // a link, folder, socket or pipe where a file should be, or a file where a folder should be
  ELOOP: 'store.odd',
  EISDIR: 'store.odd',
  ENOTDIR: 'store.odd',
  ENXIO: 'store.odd',
};

const phrases: Partial<Record<FailureCode, string>> = {
  'store.full': 'no space left for',
  'store.refused': 'the file system refuses',
  'store.missing': 'there is no',
  'store.exists': 'there is already a',
  'store.odd': 'something else is in the place of the file',
};

/** Refusals that say more than their names. */
const reasons: Readonly<Record<string, string>> = {
  EROFS: 'EROFS: the volume is mounted read-only',
  EDQUOT: 'EDQUOT: the quota is used up',
};

export const errnoOf = (error: unknown): string => (error as NodeJS.ErrnoException | undefined)?.code ?? '';

/** What a file operation on `path` threw, as a BackupError `store.*`. */
export const fileError = (error: unknown, path: string): BackupError => {
  if (error instanceof BackupError) return error;
  const code = codes[errnoOf(error)] ?? 'store.failed';
  const phrase = phrases[code];
  return new BackupError(
    code,
    phrase
      ? `${phrase} ${path} (${reasons[errnoOf(error)] ?? errnoOf(error)})`
      : `${path}: ${messageOf(error)}`,
    { cause: error },
  );
};

/** Runs file operations on `path`; what they throw becomes a BackupError `store.*`. */
export const onFile = async <T>(path: string, operation: () => Promise<T>): Promise<T> => {
  try {
    return await operation();
  } catch (error) {
    throw fileError(error, path);
  }
};

/** For `.catch`: `value` instead of an error with one of these errno names. */
export const instead =
  <T>(value: T, ...errnos: readonly string[]) =>
  (error: unknown): T => {
    if (errnos.includes(errnoOf(error))) return value;
    throw error;
  };
