import type { ListOptions, Store, StoredObject } from '../../runtime/src/store/store.ts';

/** All objects under a prefix. */
export const listed = async (
  store: Store,
  prefix: string,
  options?: ListOptions,
): Promise<readonly StoredObject[]> => {
  const objects: StoredObject[] = [];
  for await (const some of store.list(prefix, options)) objects.push(...some);
  return objects;
};
