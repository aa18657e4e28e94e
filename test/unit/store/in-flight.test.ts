import { expect, test } from '@jest/globals';
import { inFlight } from '../../../runtime/src/store/in-flight.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

/** Works that end when they are told, and the most that ran together. */
const works = () => {
  const ends = new Map<number, PromiseWithResolvers<number>>();
  return {
    running: () => [...ends.keys()],
    work: (item: number): Promise<number> => {
      const end = Promise.withResolvers<number>();
      ends.set(item, end);
      return end.promise.finally(() => ends.delete(item));
    },
    end: async (item: number): Promise<void> => {
      ends.get(item)?.resolve(item * 10);
      await turn();
    },
    fail: async (item: number): Promise<void> => {
      ends.get(item)?.reject(new Error(`${item} failed`));
      await turn();
    },
  };
};

test('takes what the budget allows: fewer where they weigh more, and one of any weight', async () => {
  const { running, work, end } = works();
  const all = inFlight([1, 2, 3, 4, 9, 5], { most: 6, weightOf: (item) => item }, work);
  await turn();
  expect(running()).toEqual([1, 2, 3]);
  await end(2);
  expect(running()).toEqual([1, 3]); // 4 would be 8 together
  await end(3);
  expect(running()).toEqual([1, 4]);
  await end(1);
  await end(4);
  expect(running()).toEqual([9]);
  await end(9);
  await end(5);
  expect(await all).toEqual([10, 20, 30, 40, 90, 50]);
});

test('takes no further item after a failure, and settles when nothing is under way', async () => {
  const { running, work, end, fail } = works();
  let [taken, closed, settled] = [0, false, false];
  const items = (function* () {
    try {
      for (;;) yield ++taken;
    } finally {
      closed = true;
    }
  })();
  const all = inFlight(items, { most: 3, weightOf: () => 1 }, work);
  all.catch(() => {}).finally(() => (settled = true));
  await turn();
  await fail(2);
  expect([running(), closed, settled, taken]).toEqual([[1, 3], true, false, 4]);
  await end(1);
  await end(3);
  await expect(all).rejects.toThrow('2 failed');
});
