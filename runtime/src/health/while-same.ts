import type { Followed } from '../archives/catalogue-index.ts';

/** What follows from a listing, and whether it stays so as long as the listing does. */
interface Derived<T> {
  readonly value: T;
  readonly lasts: boolean;
}

export type WhileSame<T> = (
  name: string,
  /** Print of the listing; undefined where a listing cannot tell. */
  print: string | undefined,
  now: Date,
  derive: () => Promise<Derived<T>>,
  /** What another reading, which may be an old one, left for this one. @default nothing */
  left?: () => Promise<Followed<T> | undefined>,
) => Promise<T>;

/** Remembers by name what was derived of a listing, and nothing of what it was derived from. */
export const whileSame = <T>(): WhileSame<T> => {
  const known = new Map<string, Followed<T>>();
  return async (name, print, now, derive, left) => {
    const at = now.getTime();
    const isStill = (followed: Followed<T> | undefined): followed is Followed<T> =>
      print !== undefined && followed?.print === print && followed.at <= at;
    const before = known.get(name);
    if (isStill(before)) return before.value;
    known.delete(name);
    const found = await left?.();
    if (isStill(found)) {
      known.set(name, found);
      return found.value;
    }
    const { value, lasts } = await derive();
    if (lasts && print !== undefined) known.set(name, { print, at, value });
    return value;
  };
};
