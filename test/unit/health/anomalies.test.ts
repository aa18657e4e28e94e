import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { findAnomalies, type Measured } from '../../../runtime/src/health/anomalies.ts';
import { anomalyPolicy } from '../../../runtime/src/health/anomaly/policy.ts';
import { dayMs } from '../../../runtime/src/core/units.ts';

const policy = anomalyPolicy.parse({});
const deadlineSeconds = 3600;
const start = Date.UTC(2024, 0, 1, 2);

interface Figures {
  readonly sourceBytes: number;
  readonly ratio: number;
  readonly seconds: number;
  readonly rows: Readonly<Record<string, number>>;
}

const manifestOf = ({ sourceBytes, ratio, seconds, rows }: Figures, day: number): Measured => ({
  id: `${day}`,
  tier: 'daily',
  startedAt: new Date(start + day * dayMs).toISOString(),
  finishedAt: new Date(start + day * dayMs + seconds * 1000).toISOString(),
  sourceBytes: Math.round(sourceBytes),
  archiveBytes: Math.round(sourceBytes * ratio),
  fingerprint: Object.fromEntries(
    Object.entries(rows).map(([item, count]) => [item, { rows: Math.round(count) }]),
  ),
});

const find = (series: readonly Figures[]) => findAnomalies(series.map(manifestOf), policy, deadlineSeconds);

const usual: Figures = {
  sourceBytes: 1_000_000,
  ratio: 0.25,
  seconds: 60,
  rows: { 'public.users': 5000, 'public.readings': 80_000, 'public.settings': 3 },
};

const days = (count: number, figures: (day: number) => Figures = () => usual): Figures[] =>
  Array.from({ length: count }, (_, day) => figures(day));

/** A series that grows or shrinks by up to 3 % a day, with noise of up to 5 %. */
const steady = fc
  .record({
    count: fc.integer({ min: 6, max: 45 }),
    growth: fc.double({ min: -0.03, max: 0.03, noNaN: true }),
    level: fc.double({ min: 50_000, max: 1e11, noNaN: true }),
    ratio: fc.double({ min: 0.02, max: 0.5, noNaN: true }),
    seconds: fc.double({ min: 1, max: 600, noNaN: true }),
    noise: fc.array(fc.tuple(...[1, 2, 3, 4].map(() => fc.double({ min: -0.05, max: 0.05, noNaN: true }))), {
      minLength: 45,
      maxLength: 45,
    }),
  })
  .map(({ count, growth, level, ratio, seconds, noise }) =>
    days(count, (day) => {
      const [size, packed, time, rows] = noise[day] as [number, number, number, number];
      const grown = (1 + growth) ** day;
      return {
        sourceBytes: level * grown * (1 + size),
        ratio: ratio * (1 + packed),
        seconds: seconds * (1 + growth / 4) ** day * (1 + time),
        rows: { 'public.a': 1000 * grown * (1 + rows), 'public.b': 5e6 * grown * (1 + rows), 'public.c': 7 },
      };
    }),
  );

const withLast = (series: readonly Figures[], change: (last: Figures) => Partial<Figures>): Figures[] => {
  const last = series.at(-1)!;
  return [...series.slice(0, -1), { ...last, ...change(last) }];
};

describe('properties', () => {
  test('a steady series never warns', () => {
    fc.assert(
      fc.property(steady, (series) => expect(find(series)).toEqual([])),
      { numRuns: 300 },
    );
  });

  const faults: Readonly<Record<string, readonly [(last: Figures) => Partial<Figures>, RegExp]>> = {
    'a dump of a tenth': [({ sourceBytes }) => ({ sourceBytes: sourceBytes / 10 }), /^source size fell to /m],
    'twenty times the size': [
      ({ sourceBytes }) => ({ sourceBytes: sourceBytes * 20 }),
      /^source size grew to /m,
    ],
    'a truncated table': [
      ({ rows }) => ({ rows: { ...rows, 'public.a': 0 } }),
      /^public\.a: rows fell to 0, about /m,
    ],
    'a dropped table': [
      ({ rows: { 'public.a': _, ...rest } }) => ({ rows: rest }),
      /^public\.a is gone, about /m,
    ],
    'a truncated table of settings': [
      ({ rows }) => ({ rows: { ...rows, 'public.c': 0 } }),
      /^public\.c: rows fell to 0, about 7 /m,
    ],
    'all tables truncated': [
      () => ({ rows: { 'public.a': 0, 'public.b': 0, 'public.c': 0 } }),
      /^all rows fell to 0, about /m,
    ],
    'encrypted data': [() => ({ ratio: 1 }), /^compression ratio rose to 1\.00 from 0\./m],
  };

  test.each(Object.entries(faults))('%s always warns', (_, [fault, text]) => {
    fc.assert(
      fc.property(steady, (series) => expect(find(withLast(series, fault)).join('\n')).toMatch(text)),
      { numRuns: 200 },
    );
  });
});

describe('figures', () => {
  test('are in the sentence', () => {
    expect(find([...days(12), { ...usual, rows: { ...usual.rows, 'public.users': 0 } }])).toEqual([
      'public.users: rows fell to 0, about 5,000 was expected (12 archives)',
    ]);
    expect(find([...days(30), { ...usual, ratio: 0.57 }])).toEqual([
      'compression ratio rose to 0.57 from 0.25 (30 archives): data that no longer compresses may have been encrypted',
    ]);
  });

  test('of many tables are summed up', () => {
    const rows = Object.fromEntries(
      Array.from({ length: 9 }, (_, index) => [`public.t${index}`, 100 + index]),
    );
    const warnings = find([...days(8, () => ({ ...usual, rows })), { ...usual, rows: {} }]);
    expect(warnings).toContain('public.t8 is gone, about 108 rows were expected (8 archives)');
    expect(warnings.at(-1)).toBe('4 more tables, buckets or types fell or are gone');
    expect(warnings).toHaveLength(1 + 5 + 1);
  });

  test('of a range count by its least', () => {
    const series = [...days(6), usual].map(manifestOf);
    const points = (value: number | string) => ({ 'grill/autogen': { points: value, series: 4 } });
    const history = series.map((manifest) => ({ ...manifest, fingerprint: points('2400..2500') }));
    expect(findAnomalies(history, policy, deadlineSeconds)).toEqual([]);
    expect(
      findAnomalies(
        [...history.slice(0, -1), { ...history.at(-1)!, fingerprint: points('10..') }],
        policy,
        deadlineSeconds,
      ),
    ).toContain('grill/autogen: points fell to 10, about 2,400 was expected (6 archives)');
  });
});

describe('no warning', () => {
  const empty = { ...usual, sourceBytes: 1000, rows: {} };

  test('with fewer than 5 archives before', () => {
    expect(find([...days(4), empty])).toEqual([]);
    expect(find([...days(5), empty])).not.toEqual([]);
  });

  test('where the plan says so', () => {
    const off = anomalyPolicy.parse({ enabled: false });
    expect(findAnomalies([...days(9), empty].map(manifestOf), off, deadlineSeconds)).toEqual([]);
  });

  test('of a table that was gone before', () => {
    const without = { ...usual, rows: { 'public.users': 5000, 'public.readings': 80_000 } };
    expect(find([...days(9), without, without])).toEqual([]);
  });

  test('of quiet weekends, once three were seen', () => {
    const week = (day: number): Figures => ({ ...usual, sourceBytes: day % 7 > 4 ? 100_000 : 1_000_000 });
    expect(find(days(7, week)).join()).toContain('source size fell');
    expect(find(days(28, week))).toEqual([]);
  });

  test.each([
    ['size', { sourceBytes: 100_000 }],
    ['compression ratio', { ratio: 0.9 }],
    ['rows', { rows: { ...usual.rows, 'public.users': 0 } }],
  ])('of a lasting change of %s, once three archives had it', (_, change) => {
    const changed = (count: number) => [...days(20), ...days(count, () => ({ ...usual, ...change }))];
    for (const count of [1, 2, 3]) expect(find(changed(count))).not.toEqual([]);
    for (const count of [4, 5, 10, 15, 25]) expect(find(changed(count))).toEqual([]);
  });

  test('of the copies, nor of what a restore replaced', () => {
    const series = days(9).map(manifestOf);
    const other = { ...manifestOf(empty, 10), tier: 'safety' as const };
    expect(findAnomalies([...series, other], policy, deadlineSeconds)).toEqual([]);
  });
});

describe('the deadline', () => {
  test('that a trend will miss is told with the days left', () => {
    const series = days(20, (day) => ({ ...usual, seconds: 1200 + day * 100 }));
    expect(find(series)).toEqual([
      expect.stringMatching(
        /^duration, now 51m 40s, approaches the deadline: .* run will exceed 1h from \w+day 2024-/,
      ),
    ]);
  });

  test('is none of a trend that takes longer', () => {
    expect(find(days(20, (day) => ({ ...usual, seconds: 600 + day * 20 })))).toEqual([]);
  });
});
