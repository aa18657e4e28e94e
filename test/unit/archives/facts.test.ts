import { describe, expect, test } from '@jest/globals';
import {
  drillsOf,
  isVerified,
  newestBackups,
  newestDaily,
  newestOf,
  oldestFirst,
  sizeRatio,
  verifiedAt,
} from '../../../runtime/src/archives/facts.ts';
import type { Tier } from '../../../runtime/src/archives/layout.ts';
import type { Manifest } from '../../../runtime/src/archives/manifest.ts';

const archive = (day: number, tier: Tier = 'daily', id = `backup-${day}`) => ({
  manifest: { startedAt: `2024-01-0${day}T02:00:00.000Z`, tier, id },
});

describe('order', () => {
  test('is by time, and the daily archive after the copies that were made of it', () => {
    const all = [archive(2), archive(1, 'safety'), archive(2, 'monthly'), archive(2, 'weekly')];
    expect(all.toSorted((a, b) => oldestFirst(a.manifest, b.manifest))).toEqual([
      all[1],
      all[2],
      all[3],
      all[0],
    ]);
  });
});

describe('the newest', () => {
  const all = [archive(1), archive(2, 'weekly'), archive(2), archive(3, 'monthly'), archive(4, 'safety')];

  test('is in any tier but that of what restores saved', () => expect(newestOf(all)).toBe(all[3]));

  test('daily one is what the alias names', () => expect(newestDaily(all)).toBe(all[2]));

  test('is nothing where restores alone left something', () => {
    expect(newestOf([archive(1, 'safety')])).toBeUndefined();
    expect(newestDaily([])).toBeUndefined();
  });

  test('backups count a copy for its daily archive once, the last of them', () => {
    const copied = [
      archive(1),
      archive(2, 'weekly', 'same'),
      archive(2, 'daily', 'same'),
      archive(3, 'safety'),
    ];
    expect(newestBackups(copied, 2)).toEqual([copied[0], copied[2]]);
    expect(newestBackups(copied, 1)).toEqual([copied[2]]);
  });
});

describe('verifications', () => {
  const verified = (...verifications: readonly (readonly [string, string, boolean])[]) => ({
    verifications: verifications.map(([at, level, ok]) => ({
      at,
      level,
      ok,
    })) as unknown as Manifest['verifications'],
  });
  const [monday, tuesday] = ['2024-01-01T06:00:00Z', '2024-01-02T06:00:00Z'];

  test('count where one succeeded, at the time of the last that did', () => {
    const manifest = verified(
      [tuesday, 'deep', true],
      [monday, 'deep', true],
      ['2024-01-03T06:00:00Z', 'deep', false],
    );
    expect([isVerified(manifest), verifiedAt(manifest)]).toEqual([true, tuesday]);
  });

  test('that failed verify nothing', () => {
    const manifest = verified([monday, 'drill', false]);
    expect([isVerified(manifest), verifiedAt(manifest)]).toEqual([false, undefined]);
  });

  test('are drills where they restored', () => {
    const drills = drillsOf([verified([monday, 'deep', true], [tuesday, 'drill', false]), verified()]);
    expect(drills.map(({ at }) => at)).toEqual([tuesday]);
  });
});

describe('sizeRatio', () => {
  const daily = (...sizes: readonly number[]) =>
    sizes.map((archiveBytes) => ({ tier: 'daily', archiveBytes }) as const);

  test('is that of the newest to the median of the seven before it', () => {
    expect(sizeRatio(daily(1, 1000, 1000, 100, 200, 300, 400, 500, 600))).toBe(600 / 400);
  });

  test('does not count copies and what restores saved', () => {
    expect(
      sizeRatio([
        ...daily(100),
        { tier: 'weekly', archiveBytes: 9 },
        ...daily(50),
        { tier: 'safety', archiveBytes: 1 },
      ]),
    ).toBe(0.5);
  });

  test.each([[[]], [daily(5)], [daily(0, 5)], [daily(0, 0)]])(
    'is unknown without bytes to compare with',
    (sizes) => {
      expect(sizeRatio(sizes)).toBeUndefined();
    },
  );
});
