import { readAll } from './batches.ts';
import type { StoredObject } from './store.ts';

/** What was read of an object, and when the object was so. */
export interface Known<T> {
  readonly bytes: number;
  readonly tag: string;
  readonly value: T;
}

/** What is known of the objects of a group, by key. */
export type Memory<T> = ReadonlyMap<string, Known<T>>;

export interface ReadOnceOptions<T> {
  /** What is known of a group before it was ever read. @default nothing */
  readonly initial?: (() => Promise<Memory<T>>) | undefined;
  /** Keys of objects that are read although they are known. @default none */
  readonly again?: ReadonlySet<string>;
}

export interface ReadOnce<T> {
  /** Values of objects, in the order given. */
  readonly read: (
    group: string,
    objects: readonly StoredObject[],
    options?: ReadOnceOptions<T>,
  ) => Promise<readonly T[]>;
  /** What the last reading of a group left; whoever replaces a value keeps what the next reading is to find. */
  readonly known: (group: string) => Map<string, Known<T>>;
}

/** True where an object is as it was when it was read. A store that names no tag never tells. */
export const isSame = ({ bytes, tag }: StoredObject, known: Known<unknown> | undefined): boolean =>
  known !== undefined && tag !== '' && known.bytes === bytes && known.tag === tag;

/**
 * Remembers what was read of each object until the object changes: the next reading of a group costs what is new in it.
 * What left the group is forgotten.
 * @param isFinal false for a value that the next reading may find otherwise although the object stays the same
 */
export const readOnce = <T>(
  read: (object: StoredObject, group: string) => Promise<T>,
  isFinal: (value: T) => boolean = () => true,
): ReadOnce<T> => {
  const groups = new Map<string, Map<string, Known<T>>>();
  return {
    read: async (group, objects, { initial, again } = {}) => {
      const before = groups.get(group) ?? (await initial?.());
      const known = (object: StoredObject): Known<T> | undefined => {
        const found = again?.has(object.key) ? undefined : before?.get(object.key);
        return isSame(object, found) ? found : undefined;
      };
      const fresh = objects.filter((object) => !known(object));
      const values = new Map<string, T>();
      const results = await readAll(fresh, (object) => read(object, group));
      fresh.forEach(({ key }, index) => values.set(key, results[index] as T));
      const now = new Map<string, Known<T>>();
      const all = objects.map((object) => {
        const { key, bytes, tag } = object;
        const found = values.has(key) ? { bytes, tag, value: values.get(key) as T } : known(object);
        const { value } = found as Known<T>;
        if (isFinal(value)) now.set(key, { bytes, tag, value });
        return value;
      });
      groups.set(group, now);
      return all;
    },
    known: (group) => groups.get(group) ?? new Map<string, Known<T>>(),
  };
};
