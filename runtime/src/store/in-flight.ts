/** How much may be under way at the same time; a single item always may. */
export interface Budget<Item> {
  readonly most: number;
  readonly weightOf: (item: Item) => number;
}

/**
 * Works on items as they come, on as many at a time as the budget allows; one that is slow holds up no other. Results are in the
 * items' order. After a failure no further item is taken; when this settles, nothing is under way any more.
 */
export const inFlight = async <Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  { most, weightOf }: Budget<Item>,
  work: (item: Item) => Promise<Result>,
): Promise<readonly Result[]> => {
  const results: Result[] = [];
  const running = new Set<Promise<void>>(); // and what has failed, which the next wait finds
  let [taken, weight] = [0, 0];
  const start = (item: Item): void => {
    const [place, own] = [taken++, weightOf(item)];
    weight += own;
    const one: Promise<void> = work(item).then((result) => {
      results[place] = result;
      weight -= own;
      running.delete(one);
    });
    one.catch(() => {}); // seen when the next one waits
    running.add(one);
  };
  try {
    for await (const item of items) {
      while (running.size > 0 && weight + weightOf(item) > most) await Promise.race(running);
      start(item);
    }
    await Promise.all(running);
  } finally {
    await Promise.allSettled(running);
  }
  return results;
};
