import { describe, expect, test } from '@jest/globals';
import {
  comingGrowth,
  forecastSpace,
  growthOf,
  type Growth,
} from '../../../../runtime/src/health/anomaly/space-forecast.ts';
import type { Verification } from '../../../../runtime/src/archives/manifest.ts';
import { retentionPolicy } from '../../../../runtime/src/retention/decision.ts';
import { dayMs } from '../../../../runtime/src/core/units.ts';

const mib = 2 ** 20;
const now = new Date('2024-03-01T03:00:00Z');

/** Daily archives of the last days, one per day. */
const target = (
  days: number,
  bytes: (day: number) => number,
  policy: object = { weekly: 0, monthly: 0 },
  added = bytes,
): Growth | undefined =>
  growthOf(
    Array.from({ length: days }, (_, day) => {
      const startedAt = new Date(now.getTime() - (days - 1 - day) * dayMs).toISOString();
      const verifications: Verification[] = [{ at: startedAt, level: 'deep', ok: true }];
      const manifest = { id: `${day}`, tier: 'daily' as const, startedAt, archiveBytes: bytes(day), addedBytes: added(day), verifications }; // prettier-ignore
      return { key: `${day}`, manifest };
    }),
    retentionPolicy.parse(policy),
  );

const forecast = (growths: readonly (Growth | undefined)[], freeBytes: number, at = now) =>
  forecastSpace(
    growths.map((growth) => comingGrowth(growth, at)),
    { location: '/backup', freeBytes },
    14,
  );

describe('a store', () => {
  test('that retention keeps level is never full', () => {
    expect(forecast([target(30, () => 100 * mib)], mib)).toBeUndefined();
  });

  test('that still fills up to its retention is told in time', () => {
    expect(forecast([target(10, () => 100 * mib)], 550 * mib)).toBe(
      '/backup will be full in 6 days: 550 MiB free, archives grow by 100 MiB a day',
    );
    expect(forecast([target(10, () => 100 * mib)], 1500 * mib)).toBeUndefined();
  });

  test('fills with what all targets together add', () => {
    const both = [target(10, () => 100 * mib), target(10, () => 50 * mib)];
    expect(forecast(both, 550 * mib)).toContain(
      'full in 4 days: 550 MiB free, archives grow by 150 MiB a day',
    );
  });

  test('fills where archives grow, though retention keeps their number', () => {
    const growing = target(30, (day) => 100 * mib * 1.1 ** day);
    expect(forecast([growing], 4000 * mib)).toMatch(/full in \d days/);
    expect(forecast([target(30, () => 100 * mib * 1.1 ** 29)], 4000 * mib)).toBeUndefined();
  });

  test('holds weekly and monthly copies of a kept archive without more space', () => {
    const copies = target(10, () => 100 * mib, { weekly: 4, monthly: 12 });
    expect(forecast([copies], 1500 * mib)).toBeUndefined();
    expect(
      forecast([target(30, () => 100 * mib, { weekly: 4, monthly: 0, days: 7 })], 50 * mib),
    ).toBeUndefined();
  });

  test('holds archives of parts without more space than they add', () => {
    const policy = { weekly: 0, monthly: 0 };
    const shared = target(
      10,
      () => 100 * mib,
      policy,
      (day) => (day === 0 ? 100 : 2) * mib,
    );
    expect(shared?.byDay[9]).toBe(20 * mib);
    expect(shared?.byDay[29]).toBe(shared?.byDay[25]);
    expect(forecast([shared], 50 * mib)).toBeUndefined();
  });

  test('is forecast from the newest backup on, and the next one, where it is overdue, comes at once', () => {
    const daily = target(10, () => 100 * mib);
    const after = (days: number) => forecast([daily], 550 * mib, new Date(now.getTime() + days * dayMs));
    expect(after(0.9)).toBe(after(0));
    expect(after(1)).toContain('full in 5 days');
    expect(after(30)).toBe(after(1));
  });

  test('is forecast with numbers, however steep the growth', () => {
    const [growth] = [target(30, (day) => 2 ** (10 + day))];
    expect(growth!.byDay.every(Number.isFinite)).toBe(true);
  });

  test('without archives is not forecast', () => {
    expect(forecast([target(0, () => 0)], 0)).toBeUndefined();
  });
});
