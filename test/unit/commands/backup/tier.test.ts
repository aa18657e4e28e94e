import { expect, test } from '@jest/globals';
import { tierBetween } from '../../../../runtime/src/commands/backup/tier.ts';

const nightly = '0 2 * * *';
const at = (now: string, newestDaily?: string) => tierBetween(nightly, newestDaily, new Date(now));

test.each([
  ['after the night', '2024-03-10T14:17:00Z', '2024-03-10T02:00:05Z', 'hourly'],
  ['before the next night', '2024-03-11T01:59:59Z', '2024-03-10T02:00:05Z', 'hourly'],
  ['after a night that failed', '2024-03-11T02:17:00Z', '2024-03-10T02:00:05Z', 'daily'],
  ['after it was made up', '2024-03-11T03:17:00Z', '2024-03-11T02:17:03Z', 'hourly'],
  ['without any archive', '2024-03-11T03:17:00Z', undefined, 'daily'],
] as const)('%s', (_, now, newest, tier) => {
  expect(at(now, newest)).toBe(tier);
});
