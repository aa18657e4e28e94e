import type { StoredObject } from './store.ts';

/** What was read of an object, and when the object was so. */
interface Known<T> {
  readonly bytes: number;
  readonly modifiedMs: number;
  readonly value: T;
}

/** Values by key, for objects in the order given. */
export type ReadOnce<T> = (
  group: string,
  objects: readonly StoredObject[],
) => Promise<ReadonlyMap<string, T>>;

/**
 * Remembers what was read of each object until the object changes: the next reading of a group costs what is new in it.
 * What left the group is forgotten.
 */
export const readOnce = <T>(read: (key: string, group: string) => Promise<T>): ReadOnce<T> => {
  const groups = new Map<string, ReadonlyMap<string, Known<T>>>();
  return async (group, objects) => {
    const [before, now] = [groups.get(group), new Map<string, Known<T>>()];
    for (const { key, bytes, modified } of objects) {
      const [known, modifiedMs] = [before?.get(key), modified.getTime()];
      const same = known && known.bytes === bytes && known.modifiedMs === modifiedMs;
      now.set(key, same ? known : { bytes, modifiedMs, value: await read(key, group) });
    }
    groups.set(group, now);
    return new Map([...now].map(([key, { value }]) => [key, value]));
  };
};
