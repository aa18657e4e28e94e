import { hash } from 'node:crypto';
import type { StoredObject } from './store.ts';

/** The same for two listings of which nothing differs; undefined where a store names no tag of what is to be compared. */
export const printOf = (
  objects: readonly StoredObject[],
  isCompared: (key: string) => boolean = () => true,
): string | undefined =>
  objects.some(({ key, tag }) => tag === '' && isCompared(key))
    ? undefined
    : hash('sha256', objects.map(({ key, bytes, tag }) => `${key} ${bytes} ${tag}`).join('\n'));
