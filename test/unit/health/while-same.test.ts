import { expect, test } from '@jest/globals';
import { whileSame } from '../../../runtime/src/health/while-same.ts';

const [now, later] = [new Date(1000), new Date(2000)];

/** What is derived counts up, so that a value tells when it was. */
const counting = () => {
  const read = whileSame<number>();
  let count = 0;
  return (name: string, print: string | undefined, at: Date, lasts = true) =>
    read(name, print, at, () => Promise.resolve({ value: ++count, lasts }));
};

test('derives again where the listing changed, by name', async () => {
  const read = counting();
  expect([await read('a', 'x', now), await read('a', 'x', later), await read('b', 'x', later)]).toEqual([
    1, 1, 2,
  ]);
  expect([await read('a', 'y', later), await read('a', 'y', later), await read('b', 'x', later)]).toEqual([
    3, 3, 2,
  ]);
});

test('derives again what does not last, what no listing tells, and where the clock was set back', async () => {
  const read = counting();
  expect([await read('a', 'x', now, false), await read('a', 'x', now)]).toEqual([1, 2]);
  expect([await read('a', undefined, now), await read('a', undefined, now)]).toEqual([3, 4]);
  expect([await read('a', 'x', later), await read('a', 'x', now)]).toEqual([5, 6]);
});
