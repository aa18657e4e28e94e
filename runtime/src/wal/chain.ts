/** A base, or what is known of it. */
export interface Link {
  readonly id: string;
  /** Id of the base that it holds the changes since; absent for one that is whole by itself. */
  readonly incrementOf?: string | undefined;
}

/** By their ids; a copy counts once. */
export const byId = <Each extends Link>(links: readonly Each[]): ReadonlyMap<string, Each> =>
  new Map(links.map((link) => [link.id, link]));

/**
 * The bases that one is made of, from the whole one to itself; undefined where one of them is not there. Pure.
 * @param all of `byId`
 */
export const chainOf = <Each extends Link>(
  link: Each,
  all: ReadonlyMap<string, Each>,
): readonly Each[] | undefined => {
  const chain = [link];
  for (let { incrementOf } = link; incrementOf !== undefined;) {
    const before = all.get(incrementOf);
    if (!before || chain.includes(before)) return undefined;
    chain.unshift(before);
    ({ incrementOf } = before);
  }
  return chain;
};
