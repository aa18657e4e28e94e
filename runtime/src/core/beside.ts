/** Does things beside what else is done, so many at the same time. */
export const beside = (most: number) => {
  const begun = new Set<Promise<unknown>>();
  return {
    /** Waits for one to end where there are so many. @throws what one of them failed by */
    begin: async (work: () => Promise<unknown>): Promise<void> => {
      while (begun.size >= most) await Promise.race(begun);
      const doing = work();
      begun.add(doing);
      doing.then(
        () => begun.delete(doing),
        () => {}, // stays, for whoever waits
      );
    },
    /** @throws what one of them failed by */
    finish: () => Promise.all(begun),
    settle: () => Promise.allSettled(begun),
  };
};
