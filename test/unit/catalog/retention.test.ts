import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decideRetention,
  tiersDue,
  type Candidate,
  type RetentionPolicy,
} from '../../../runtime/src/catalog/retention.ts';

const now = new Date('2024-03-15T02:00:00Z');
const dayMs = 86_400_000;
const policy: RetentionPolicy = { days: 7, weekly: 2, monthly: 1 };

const candidate = (daysAgo: number, tier: Candidate['tier'] = 'daily', verified = true): Candidate => ({
  key: `${tier}-${daysAgo}`,
  tier,
  startedAt: new Date(now.getTime() - daysAgo * dayMs),
  verified,
});

const removed = (candidates: readonly Candidate[]): readonly string[] =>
  decideRetention(candidates, policy, now)
    .filter(({ keep }) => !keep)
    .map(({ key }) => key);

describe('decideRetention', () => {
  test('daily archives by days, weekly and monthly by number', () => {
    const candidates = [
      ...[0, 1, 6, 7, 8].map((days) => candidate(days)),
      ...[3, 10, 17].map((days) => candidate(days, 'weekly')),
      ...[1, 31].map((days) => candidate(days, 'monthly')),
      ...[6, 7].map((days) => candidate(days, 'safety')),
    ];
    expect(removed(candidates)).toEqual(['daily-7', 'daily-8', 'weekly-17', 'monthly-31', 'safety-7']);
  });

  test('says why', () => {
    expect(
      decideRetention([candidate(0), candidate(9), candidate(9, 'weekly')], policy, now).map(
        ({ reason }) => reason,
      ),
    ).toEqual([
      '0 days old, daily kept for 7 days',
      '9 days old, daily kept for 7 days',
      'weekly number 1, 2 are kept',
    ]);
  });

  test('the newest archive stays however old it is', () => {
    expect(removed([candidate(100), candidate(200)])).toEqual(['daily-200']);
  });

  test('the newest verified archive stays while newer ones are not verified', () => {
    expect(removed([candidate(1, 'daily', false), candidate(50), candidate(60)])).toEqual(['daily-60']);
  });

  const candidates = fc.array(
    fc.record({
      key: fc.uuid(),
      tier: fc.constantFrom('daily', 'weekly', 'monthly', 'safety') as fc.Arbitrary<Candidate['tier']>,
      startedAt: fc.integer({ min: 0, max: 400 }).map((days) => new Date(now.getTime() - days * dayMs)),
      verified: fc.boolean(),
    }),
    { maxLength: 60 },
  );
  const policies = fc.record({
    days: fc.integer({ min: 1, max: 90 }),
    weekly: fc.nat(8),
    monthly: fc.nat(14),
  });

  test('property: one decision per archive, in order', () => {
    fc.assert(
      fc.property(candidates, policies, (all, rules) => {
        expect(decideRetention(all, rules, now).map(({ key }) => key)).toEqual(all.map(({ key }) => key));
      }),
    );
  });

  test('property: a newest and a newest verified archive always stay', () => {
    fc.assert(
      fc.property(candidates, policies, (all, rules) => {
        const kept = new Set(
          decideRetention(all, rules, now)
            .filter(({ keep }) => keep)
            .map(({ key }) => key),
        );
        for (const group of [all, all.filter(({ verified }) => verified)].map((some) =>
          some.filter(({ tier }) => tier !== 'safety'),
        )) {
          const newest = Math.max(...group.map(({ startedAt }) => startedAt.getTime()));
          expect(
            group.length === 0 ||
              group.some(({ key, startedAt }) => startedAt.getTime() === newest && kept.has(key)),
          ).toBe(true);
        }
      }),
    );
  });

  test('property: a daily archive younger than its days is never removed, and pruning twice removes nothing more', () => {
    fc.assert(
      fc.property(candidates, policies, (all, rules) => {
        const decisions = decideRetention(all, rules, now);
        const kept = all.filter((_, index) => decisions[index]!.keep);
        for (const young of all.filter(
          ({ tier, startedAt }) =>
            tier === 'daily' && now.getTime() - startedAt.getTime() < rules.days * dayMs,
        ))
          expect(kept).toContain(young);
        expect(decideRetention(kept, rules, now).every(({ keep }) => keep)).toBe(true);
      }),
    );
  });
});

describe('tiersDue', () => {
  const on = (day: string, candidates: readonly Candidate[] = [], rules = policy) =>
    tiersDue(candidates, rules, new Date(`${day}T02:00:00Z`));
  const made = (tier: Candidate['tier'], day: string): Candidate => ({
    key: day,
    tier,
    startedAt: new Date(`${day}T02:00:00Z`),
    verified: true,
  });

  test('the first run of all makes both', () => expect(on('2024-01-03')).toEqual(['weekly', 'monthly']));
  test('Sunday begins a week', () => {
    expect(on('2024-01-06', [made('weekly', '2023-12-31'), made('monthly', '2024-01-01')])).toEqual([]);
    expect(on('2024-01-07', [made('weekly', '2023-12-31'), made('monthly', '2024-01-01')])).toEqual([
      'weekly',
    ]);
  });
  test('a missed Sunday is made up for on Monday', () =>
    expect(on('2024-01-08', [made('weekly', '2023-12-31'), made('monthly', '2024-01-01')])).toEqual([
      'weekly',
    ]));
  test('the first of a month begins a month', () =>
    expect(on('2024-02-01', [made('weekly', '2024-01-28'), made('monthly', '2024-01-01')])).toEqual([
      'monthly',
    ]));
  test('a tier that keeps none makes none', () =>
    expect(on('2024-01-07', [], { days: 7, weekly: 4, monthly: 0 })).toEqual(['weekly']));
});
