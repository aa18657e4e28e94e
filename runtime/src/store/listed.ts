import { BackupError } from '../core/errors.ts';
import type { ListOptions, Store, StoredObject } from './store.ts';

/** Objects of one listing that are kept in memory: 60 MiB of them. A target of 10 years of hours has 180,000. */
const mostObjects = 250_000;

/** All objects under a prefix, kept in memory. @throws BackupError `store.failed` where there are too many of them */
export const listed = async (
  store: Store,
  prefix: string,
  options?: ListOptions,
): Promise<readonly StoredObject[]> => {
  const objects: StoredObject[] = [];
  for await (const some of store.list(prefix, options)) {
    for (const object of some) objects.push(object);
    if (objects.length > mostObjects)
      throw new BackupError(
        'store.failed',
        `${store.location} has more than ${mostObjects} objects under ${prefix}`,
      );
  }
  return objects;
};
