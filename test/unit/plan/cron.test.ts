import { expect, test } from '@jest/globals';
import { longestGapSeconds, nextRun } from '../../../runtime/src/plan/cron.ts';

const at = (text: string) => new Date(`${text}Z`);

test.each([
  ['0 2 * * *', '2024-01-01T01:59', '2024-01-01T02:00'],
  ['0 2 * * *', '2024-01-01T02:00', '2024-01-02T02:00'],
  ['15 */4 * * *', '2024-02-28T23:00', '2024-02-29T00:15'],
  ['0 2 29 2 *', '2023-03-01T00:00', '2024-02-29T02:00'],
])('%s after %s fires at %s UTC', (pattern, from, expected) => {
  expect(nextRun(pattern, at(from))).toEqual(at(expected));
});

test('a run that was found is the next one until it comes, and no later one is it for a time before', () => {
  const times = [
    '2024-05-01T03:00',
    '2024-05-01T04:59',
    '2024-05-01T05:00',
    '2024-05-01T01:00',
    '2024-05-03T05:01',
  ];
  expect(times.map((time) => nextRun('0 5 * * *', at(time))?.toISOString().slice(8, 16))).toEqual([
    '01T05:00',
    '01T05:00',
    '02T05:00',
    '01T05:00',
    '04T05:00',
  ]);
});

const hour = 3600;

test.each([
  ['0 2 * * *', 24 * hour],
  ['15 */4 * * *', 4 * hour],
  ['0 2 * * 1-5', 72 * hour],
  ['0 9,17 * * *', 16 * hour],
  ['0 0 1 * *', 31 * 24 * hour],
])('%s leaves at most %d s between two runs', (pattern, seconds) => {
  expect(longestGapSeconds(pattern)).toBe(seconds);
});
