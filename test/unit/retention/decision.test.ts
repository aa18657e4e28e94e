import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  decideRetention,
  tiersDue,
  type Candidate,
  type RetentionPolicy,
} from '../../../runtime/src/retention/decision.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';

const now = new Date('2024-03-15T02:00:00Z');
const policy: RetentionPolicy = { hours: 48, days: 7, weekly: 2, monthly: 1, maxShare: 1 };

const candidate = (daysAgo: number, tier: Candidate['tier'] = 'daily', verified = true): Candidate => ({
  key: `${tier}-${daysAgo}`,
  tier,
  startedAt: new Date(now.getTime() - daysAgo * dayMs),
  verified,
});

const hoursAgo = (hours: number): Candidate => ({
  ...candidate(hours / 24, 'hourly'),
  key: `hourly-${hours}`,
});

const removed = (candidates: readonly Candidate[]): readonly string[] =>
  decideRetention(candidates, policy, now)
    .filter(({ keep }) => !keep)
    .map(({ key }) => key);

const candidates = fc.array(
  fc.record({
    key: fc.uuid(),
    tier: fc.constantFrom<Candidate['tier'][]>('daily', 'hourly', 'weekly', 'monthly', 'safety'),
    startedAt: fc.integer({ min: 0, max: 400 }).map((days) => new Date(now.getTime() - days * dayMs)),
    verified: fc.boolean(),
  }),
  { maxLength: 60 },
);
const policies = fc.record({
  hours: fc.integer({ min: 1, max: 744 }),
  days: fc.integer({ min: 1, max: 90 }),
  weekly: fc.nat(8),
  monthly: fc.nat(14),
  maxShare: fc.constant(1),
});
const shares = fc.double({ min: 0.01, max: 1, noNaN: true });

test('archives between the nights go by hours, and push out no daily one', () => {
  const days = [0, 1, 2, 3, 4, 5, 6].map((day) => candidate(day));
  const hours = Array.from({ length: 72 }, (_, hour) => hoursAgo(hour));
  expect(removed([...days, ...hours])).toEqual(
    Array.from({ length: 24 }, (_, hour) => `hourly-${hour + 48}`),
  );
});

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

describe('limits of one run', () => {
  const old = [0, 50, 60, 70, 80].map((days) => candidate(days));
  const share = (maxShare: number) => ({ ...policy, maxShare });
  const keys = (decisions: ReturnType<typeof decideRetention>) =>
    decisions.filter(({ keep }) => !keep).map(({ key }) => key);

  test('a share of a tier, the oldest first, at least one', () => {
    expect(keys(decideRetention(old, share(0.5), now))).toEqual(['daily-70', 'daily-80']);
    expect(keys(decideRetention(old, share(0.01), now))).toEqual(['daily-80']);
    expect(decideRetention(old, share(0.5), now)[1]).toEqual({
      key: 'daily-50',
      keep: true,
      reason: '50 days old, daily kept for 7 days; kept for now, one run removes 50 % of a tier at most',
    });
  });

  test('each tier has its own share', () => {
    const more = [...old, ...[1, 40, 50, 60].map((days) => candidate(days, 'weekly'))];
    expect(keys(decideRetention(more, { ...share(0.25), weekly: 1 }, now))).toEqual([
      'daily-80',
      'weekly-60',
    ]);
  });

  test('nothing goes while backups fail, and the reason says so', () => {
    const decisions = decideRetention(old, policy, now, { frozen: 'backups fail', force: false });
    expect(keys(decisions)).toEqual([]);
    expect(decisions.map(({ reason }) => reason)).toEqual([
      '0 days old, daily kept for 7 days',
      ...Array.from({ length: 4 }, () => 'backups fail'),
    ]);
  });

  test('force lifts both, but never the newest archives', () => {
    const all = [candidate(60, 'daily', false), candidate(70), candidate(80), candidate(90)];
    expect(keys(decideRetention(all, share(0.01), now, { frozen: 'backups fail', force: true }))).toEqual([
      'daily-80',
      'daily-90',
    ]);
  });

  test('property: never more than the share of each tier, never what force would keep', () => {
    fc.assert(
      fc.property(candidates, policies, shares, (all, rules, maxShare) => {
        const gone = new Set(keys(decideRetention(all, { ...rules, maxShare }, now)));
        const forced = new Set(keys(decideRetention(all, rules, now, { force: true })));
        expect([...gone].every((key) => forced.has(key))).toBe(true);
        for (const tier of ['daily', 'weekly', 'monthly', 'safety'] as const) {
          const ofTier = all.filter((each) => each.tier === tier);
          const removedOfTier = ofTier.filter(({ key }) => gone.has(key)).length;
          expect(removedOfTier).toBeLessThanOrEqual(Math.max(1, ofTier.length * maxShare));
        }
      }),
    );
  });

  test('property: runs one after the other reach what force does at once', () => {
    fc.assert(
      fc.property(candidates, policies, shares, (all, rules, maxShare) => {
        let left = all;
        for (;;) {
          const gone = new Set(keys(decideRetention(left, { ...rules, maxShare }, now)));
          if (gone.size === 0) break;
          left = left.filter(({ key }) => !gone.has(key));
        }
        const forced = new Set(keys(decideRetention(all, rules, now, { force: true })));
        expect(left).toEqual(all.filter(({ key }) => !forced.has(key)));
      }),
    );
  });

  test('property: frozen removes nothing', () => {
    fc.assert(
      fc.property(candidates, policies, (all, rules) => {
        expect(keys(decideRetention(all, rules, now, { frozen: 'x', force: false }))).toEqual([]);
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
    expect(on('2024-01-07', [], { ...policy, weekly: 4, monthly: 0 })).toEqual(['weekly']));
});
