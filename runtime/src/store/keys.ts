import { posix } from 'node:path';
import { aliasPrefix } from '../contract/names.ts';
import { BackupError } from '../core/errors.ts';

/** Characters that need no escaping in a file name, a URL or S3's `CopySource`. */
const segmentPattern = /^[\w.!'()*-]+$/;

const partialPattern = /\.partial-[0-9a-f]{12}$/;

/** Name of the file that a `put` under way writes to; `id` are 12 hexadecimal digits. */
export const partialName = (name: string, id: string): string => `${name}.partial-${id}`;

export const isPartial = (name: string): boolean => partialPattern.test(name);

const isSegment = (segment: string): boolean =>
  segmentPattern.test(segment) && segment !== '.' && segment !== '..' && !isPartial(segment);

const isAlias = (key: string): boolean => posix.basename(key).startsWith(aliasPrefix);

/** S3's longest key less room for a prefix, and more folders than any key of ours has: deeper trees are not ours to walk. */
const [mostCharacters, mostSegments] = [900, 8];

const isKey = (key: string): boolean => {
  const segments = key.length <= mostCharacters ? key.split('/', mostSegments + 1) : [];
  return segments.length > 0 && segments.length <= mostSegments && segments.every(isSegment);
};

/** True for a folder that may hold objects; `folder` ends with a slash. */
export const isFolder = (folder: string): boolean => isKey(`${folder}x`);

/** True for the key of an object that this product stored; anything else in a folder or bucket is not ours to list. */
export const isObjectKey = (key: string): boolean => isKey(key) && !isAlias(key);

/** Tells names of objects in a folder, which is empty or ends with a slash: as `isObjectKey` of each, with the folder looked at once. */
export const objectNames = (folder: string): ((name: string) => boolean) => {
  if (folder !== '' && !isFolder(folder)) return () => false;
  const most = mostCharacters - folder.length;
  return (name) => name.length <= most && isSegment(name) && !name.startsWith(aliasPrefix);
};

/** @throws BackupError `usage.invalid` for what could lead out of the store. */
export const checkKey = (key: string): string => {
  if (!isKey(key)) throw new BackupError('usage.invalid', `not a key of a store: ${JSON.stringify(key)}`);
  return key;
};

/** @throws BackupError `usage.invalid` for what is not a key, or names an alias. */
export const checkObjectKey = (key: string): string => {
  if (isAlias(checkKey(key))) throw new BackupError('usage.invalid', `${key} is an alias, not an object`);
  return key;
};

/** @throws BackupError `usage.invalid` unless it is empty or the start of a key. */
export const checkPrefix = (prefix: string): string => {
  if (prefix !== '') checkKey(prefix.replace(/\/$/, ''));
  return prefix;
};

/** @throws BackupError `usage.invalid` unless `alias` is an alias and `key` an object beside it. */
export const checkAlias = (alias: string, key: string): void => {
  if (!isAlias(checkKey(alias)))
    throw new BackupError('usage.invalid', `an alias starts with ${aliasPrefix}: ${alias}`);
  if (posix.dirname(alias) !== posix.dirname(checkObjectKey(key)))
    throw new BackupError('usage.invalid', `${alias} cannot point to ${key}, which lies in another folder`);
};

/** Key of the object `name` beside an alias. @throws BackupError `store.failed` if someone made it point elsewhere. */
export const besideAlias = (alias: string, name: string): string => {
  const key = posix.join(posix.dirname(alias), name);
  if (posix.basename(key) !== name || !isObjectKey(key))
    throw new BackupError('store.failed', `${alias} points outside its folder: ${JSON.stringify(name)}`);
  return key;
};
