import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { restoreTime } from '../../../../runtime/src/health/anomaly/duration.ts';
import { describeOverrun, overrunOf } from '../../../../runtime/src/health/anomaly/overrun.ts';
import { anomalyPolicy } from '../../../../runtime/src/health/anomaly/policy.ts';
import { chanceAbove, outlookOf, quantileOf } from '../../../../runtime/src/health/anomaly/tail.ts';
import { dayMs } from '../../../../runtime/src/core/units.ts';
import { simulate, situations } from '../../../kit/simulated-durations.ts';

const policy = anomalyPolicy.parse({});
const start = Date.parse('2024-01-01T02:00:00Z'); // a Monday

const daily = (values: readonly number[]) =>
  values.map((value, day) => ({ at: new Date(start + day * dayMs).toISOString(), value }));

const nights = (count: number, value: (night: number) => number) =>
  daily(Array.from({ length: count }, (_, night) => value(night)));

describe('an outlook', () => {
  const values = fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 30 });

  test('has chances that fall as the limit rises, and are shares', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 30 }), (each, ahead) => {
        const outlook = outlookOf(each);
        const chances = [0, 1, 100, 1e4, 1e6, 1e9].map((limit) => chanceAbove(outlook, limit, ahead));
        for (const [index, chance] of chances.entries()) {
          expect(chance).toBeGreaterThanOrEqual(-1e-7);
          expect(chance).toBeLessThanOrEqual(1 + 1e-7);
          if (index > 0) expect(chance).toBeLessThanOrEqual(chances[index - 1]! + 1e-7);
        }
      }),
    );
  });

  test('has a quantile that rises with its share', () => {
    fc.assert(
      fc.property(values, (each) => {
        const outlook = outlookOf(each);
        const quantiles = [0.05, 0.5, 0.95, 1].map((share) => quantileOf(outlook, share, 3));
        expect(quantiles).toEqual(quantiles.toSorted((a, b) => a - b));
      }),
    );
  });

  test('of a level series that only wavers is level', () => {
    const wavering = Array.from({ length: 30 }, (_, night) => 100 + ((night * 7919) % 13));
    expect(outlookOf(wavering).slope).toBe(0);
  });
});

describe('an overrun', () => {
  test('is told by day and share', () => {
    const found = overrunOf(
      nights(28, (night) => 2400 * 1.01 ** night * (night % 7 === 3 ? 1.25 : 1)),
      3600,
      1,
      14,
    )!;
    expect(describeOverrun(found, 'run', '1h')).toMatch(
      /^about every \d+(st|nd|rd|th) run will exceed 1h from (Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day 2024-0[12]-\d\d, at 1 % growth a day$/,
    );
  });

  test.each([
    [1, 'every run will'],
    [2, 'about every 2nd run will'],
    [3, 'about every 3rd run will'],
    [11, 'about every 11th run will'],
    [13, 'about every 13th run will'],
    [20, 'about every 20th run will'],
    [21, 'about every 21st run will'],
    [112, 'about every 112th run will'],
  ])('of one in %s is called so', (everyNth, words) => {
    const text = describeOverrun({ everyNth, from: new Date(start + 3 * dayMs), perDay: 1 }, 'run', '1h');
    expect(text).toBe(`${words} exceed 1h from Thursday 2024-01-04`);
  });

  test.each([
    ['that is far below its limit', nights(30, () => 900), 3600],
    ['that shrinks', nights(30, (night) => 3500 * 0.98 ** night), 3600],
    ['that is too short', nights(9, () => 5000), 3600],
    ['of nothing', [], 3600],
  ])('is none of a series %s', (_, series, limit) => {
    expect(overrunOf(series, limit, 1, 14)).toBeUndefined();
  });

  test('is one of a tail alone, though the trend is level and below', () => {
    const tail = nights(30, (night) => (night % 7 === 3 ? 3700 : 3000));
    expect(overrunOf(tail, 3600, 1, 14)).toMatchObject({ perDay: 1 });
    expect(
      overrunOf(
        nights(30, () => 3000),
        3600,
        1,
        14,
      ),
    ).toBeUndefined();
  });

  test('looks no farther ahead than the series looks back', () => {
    const series = nights(10, (night) => 1000 * 1.1 ** night);
    expect(overrunOf(series, 1000 * 1.1 ** 21, 1, 90)).toBeUndefined();
    expect(overrunOf(series, 1000 * 1.1 ** 17, 1, 90)).toBeDefined();
  });

  test('of restores is told by what drills measured', () => {
    const drill = (week: number) => ({
      ...({ at: new Date(start + week * 7 * dayMs).toISOString(), level: 'drill', ok: true } as const),
      seconds: 600 * 1.1 ** week,
    });
    const drills = Array.from({ length: 20 }, (_, week) => drill(week));
    expect(restoreTime(drills, policy, 3600)).toEqual([
      expect.stringMatching(/^restore, now 1h 1m, approaches the RTO: every restore will exceed 1h from /),
    ]);
    expect(restoreTime(drills, policy, 36_000)).toEqual([]);
    expect(
      restoreTime(
        drills.map((each) => ({ ...each, ok: false })),
        policy,
        3600,
      ),
    ).toEqual([]);
    expect(restoreTime(drills, anomalyPolicy.parse({ enabled: false }), 3600)).toEqual([]);
  });
});

describe('of simulated databases', () => {
  test('that grow, at most 10 of 150 miss their deadline unannounced', () => {
    const { missed, announced, falsePer100 } = simulate(situations['growing, noise 0.1'], 1);
    expect(missed).toBe(150);
    expect(announced).toBeGreaterThanOrEqual(140);
    expect(falsePer100).toBeLessThan(2);
  });

  test('that are level and far from it, none is warned of', () => {
    expect(simulate(situations['level at 900 s, noise 0.1'], 1, 20).falsePer100).toBe(0);
  });
});
