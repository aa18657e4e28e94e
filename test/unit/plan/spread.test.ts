import { describe, expect, test } from '@jest/globals';
import { longestGapSeconds } from '../../../runtime/src/plan/cron.ts';
import { parsePlan } from '../../../runtime/src/plan/parse.ts';
import { spread } from '../../../runtime/src/plan/spread.ts';
import { problemsOf, smallestPlan } from '../../kit/plans.ts';

const names = Array.from({ length: 1000 }, (_, index) => `target-${index}`);
const spreads = (expression: string) => names.map((name) => spread(expression, name));
const [target] = smallestPlan.targets;
const planWith = (schedule: string, more: object = {}) => ({
  ...smallestPlan,
  targets: [{ ...target, schedule, ...more }],
});

test.each(['0 2 * * *', '*/5 1-3 * * 1', '0  2 * * *', '0 2 * * THU'])(
  'what is written out stays as it is: %s',
  (expression) => {
    expect(spread(expression, 'postgresql')).toBe(expression);
  },
);

test('a name has its time, now and on every machine', () => {
  expect(['postgresql', 'influxdb', 'redis'].map((name) => spread('H H(1-4) * * *', name))).toEqual([
    '25 1 * * *',
    '20 1 * * *',
    '39 4 * * *',
  ]);
  expect(spread('H/15 * * * *', 'postgresql')).toBe('10-59/15 * * * *');
});

describe('a thousand targets', () => {
  test.each([
    ['H 2 * * *', 60],
    ['H H(0-5) * * *', 360],
    ['H(0-29) 4 * * *', 30],
    ['H/15 * * * *', 15],
    ['0 2 H * *', 28],
    ['0 2 * * H', 7],
  ])('with %s share %d times evenly', (expression, times) => {
    const counts = [...Map.groupBy(spreads(expression), (text) => text).values()].map(({ length }) => length);
    expect(counts.length).toBeGreaterThan(0.9 * times);
    expect(counts.length).toBeLessThanOrEqual(times);
    // as many as chance allows: six standard deviations above the mean of a Poisson distribution
    const mean = names.length / times;
    expect(Math.max(...counts)).toBeLessThan(mean + 6 * Math.sqrt(mean));
  });

  test('run as often as one that is written out', () => {
    for (const expression of spreads('H/15 * * * *').slice(0, 20))
      expect(longestGapSeconds(expression)).toBe(15 * 60);
  });
});

describe('a plan', () => {
  test('says the time at which each target runs', () => {
    const { targets } = parsePlan(planWith('H 2 * * *'));
    expect(targets[0]!.schedule).toBe(spread('H 2 * * *', target.name));
    expect(parsePlan({ ...smallestPlan, targets }).targets[0]!.schedule).toBe(targets[0]!.schedule);
  });

  test.each([
    ['H(50-70) 2 * * *', 'not a cron expression: H(50-70) is not one of H, H(0-59), H/n and H(0-59)/n'],
    ['0 H/25 * * *', 'not a cron expression: H/25 is not one of H, H(0-23), H/n and H(0-23)/n'],
    ['0 2 H(29-31) * *', 'not a cron expression: H(29-31) is not one of H, H(1-28), H/n and H(1-28)/n'],
    ['Hourly 2 * * *', 'not a cron expression: Hourly is not one of H, H(0-59), H/n and H(0-59)/n'],
  ])('with %s is told what H may be', (schedule, problem) => {
    expect(problemsOf(() => parsePlan(planWith(schedule)))).toEqual([
      `targets[0].schedule: found "${schedule}", ${problem}`,
    ]);
  });

  test('compares the spread times with the objective', () => {
    expect(problemsOf(() => parsePlan(planWith('H H(1-4) * * 1-5')))).toEqual([
      'targets[0].rpo: found nothing, expected at least 72h, the longest time between two runs (or run it more often)',
    ]);
  });

  test('has no H where no target gives it a name', () => {
    expect(problemsOf(() => parsePlan({ ...smallestPlan, verification: { schedule: 'H 6 * * *' } }))).toEqual(
      [
        'verification.schedule: found "H 6 * * *", expected a value for H, which only the schedule of a target has',
      ],
    );
  });
});
