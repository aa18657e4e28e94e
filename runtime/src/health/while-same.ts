/** What follows from a listing, and whether it stays so as long as the listing does. */
interface Derived<T> {
  readonly value: T;
  readonly lasts: boolean;
}

interface Kept<T> {
  readonly print: string;
  /** Time of the reading, in ms: with a clock that was set back, other archives are of the future. */
  readonly at: number;
  readonly value: T;
}

export type WhileSame<T> = (
  name: string,
  /** Print of the listing; undefined where a listing cannot tell. */
  print: string | undefined,
  now: Date,
  derive: () => Promise<Derived<T>>,
) => Promise<T>;

/** Remembers by name what was derived of a listing, and nothing of what it was derived from. */
export const whileSame = <T>(): WhileSame<T> => {
  const known = new Map<string, Kept<T>>();
  return async (name, print, now, derive) => {
    const [before, at] = [known.get(name), now.getTime()];
    if (print !== undefined && before?.print === print && before.at <= at) return before.value;
    known.delete(name);
    const { value, lasts } = await derive();
    if (lasts && print !== undefined) known.set(name, { print, at, value });
    return value;
  };
};
