import type { Key } from '../../crypto/key-ring.ts';
import type { Rekeyed } from './result.ts';
import type { Rekeying } from './rekeying.ts';

/** What became of objects of the log, folder by folder: they are too many to be named. */
export interface Tally {
  /** Notes what became of one object. @param key that made it; undefined where none at hand did */
  readonly add: (folder: string, key: Pick<Key, 'id'> | undefined, fate?: Fate) => void;
  readonly rows: () => readonly Rekeyed[];
}

type Fate = Pick<Rekeyed, 'kept' | 'failed'>;

/** Of the reasons of many objects one is told: of locks the one that ends last, of failures the first. */
const merged = (one: Fate, other: Fate): Fate => {
  if (one.failed !== undefined) return one;
  return (one.kept ?? '') > (other.kept ?? '') ? one : other;
};

export const tally = ({ keys, target }: Rekeying, store: string): Tally => {
  const rows = new Map<string, Rekeyed & { readonly objects: number }>();
  return {
    add: (folder, key, fate = {}) => {
      const oldKeyId = key?.id ?? 'unknown';
      const name = [folder, oldKeyId, ...Object.keys(fate)].join(' ');
      const before = rows.get(name);
      const place = { target: target.name, store, from: folder, to: folder };
      rows.set(name, {
        ...place,
        oldKeyId,
        newKeyId: keys[0].id,
        ...(before ? merged(before, fate) : fate),
        objects: (before?.objects ?? 0) + 1,
      });
    },
    rows: () => [...rows.values()],
  };
};
