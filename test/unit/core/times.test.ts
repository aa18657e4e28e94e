import { expect, test } from '@jest/globals';
import { latestOf, secondsSince, secondsTaken, unixSeconds } from '../../../runtime/src/core/times.ts';

const [earlier, later] = ['2024-01-01T02:00:00.000Z', '2024-01-01T02:00:01.500Z'];

test('what began before it ended took the time between; under a clock that was set back, none', () => {
  expect(secondsTaken({ startedAt: earlier, finishedAt: later })).toBe(1.5);
  expect(secondsTaken({ startedAt: later, finishedAt: earlier })).toBe(0);
});

test('an age is counted with fractions, and is 0 for what is ahead of the clock', () => {
  expect(secondsSince(earlier, new Date(later))).toBe(1.5);
  expect(secondsSince(later, new Date(earlier))).toBe(0);
});

test('Unix time has fractions, and is unknown for no time', () => {
  expect(unixSeconds(later)).toBe(1_704_074_401.5);
  expect(unixSeconds(undefined)).toBeUndefined();
});

test('the latest of some times is found in any order, and none of none', () => {
  expect(latestOf([earlier, later, earlier])).toBe(later);
  expect(latestOf([])).toBeUndefined();
});
