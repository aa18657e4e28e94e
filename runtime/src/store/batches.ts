import type { StoredObject } from './store.ts';

/** Objects that are read at the same time, for a store far away; large ones fewer, for the memory that they take. */
const [readers, readerBytes] = [16, 8 << 20];

/** Objects in their order, so many at a time as are read together. */
export function* batches(objects: readonly StoredObject[]): Generator<readonly StoredObject[]> {
  let [batch, size]: [StoredObject[], number] = [[], 0];
  for (const object of objects) {
    if (batch.length === readers || (batch.length > 0 && size + object.bytes > readerBytes)) {
      yield batch;
      [batch, size] = [[], 0];
    }
    batch.push(object);
    size += object.bytes;
  }
  if (batch.length > 0) yield batch;
}

/** What `read` makes of each object, in their order. */
export const readAll = async <T>(
  objects: readonly StoredObject[],
  read: (object: StoredObject) => Promise<T>,
): Promise<readonly T[]> => {
  const values: T[] = [];
  for (const batch of batches(objects)) values.push(...(await Promise.all(batch.map(read))));
  return values;
};
