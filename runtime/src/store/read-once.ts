import { readAll } from './batches.ts';
import type { StoredObject } from './store.ts';

/** What was read of an object, and when the object was so. */
interface Known<T> {
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly value: T;
}

/** Values of objects, in the order given. */
export type ReadOnce<T> = (group: string, objects: readonly StoredObject[]) => Promise<readonly T[]>;

/**
 * Remembers what was read of each object until the object changes: the next reading of a group costs what is new in it.
 * What left the group is forgotten.
 * @param isFinal false for a value that the next reading may find otherwise although the object stays the same
 */
export const readOnce = <T>(
  read: (object: StoredObject, group: string) => Promise<T>,
  isFinal: (value: T) => boolean = () => true,
): ReadOnce<T> => {
  const groups = new Map<string, ReadonlyMap<string, Known<T>>>();
  return async (group, objects) => {
    const before = groups.get(group);
    const now = new Map<string, Known<T>>();
    const values = await readAll(objects, async (object) => {
      const { key, bytes, modified } = object;
      const [known, modifiedMs] = [before?.get(key), modified.getTime()];
      const same = known && known.bytes === bytes && known.modifiedMs === modifiedMs;
      const value = same ? known.value : await read(object, group);
      if (isFinal(value)) now.set(key, { bytes, modifiedMs, value });
      return value;
    });
    groups.set(group, now);
    return values;
  };
};
