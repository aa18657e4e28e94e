import type { Store, StoredObject } from '../../runtime/src/store/store.ts';

/** All objects under a prefix. */
export const listed = async (store: Store, prefix: string): Promise<readonly StoredObject[]> => {
  const objects: StoredObject[] = [];
  for await (const object of store.list(prefix)) objects.push(object);
  return objects;
};
