import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { mergeParts, type ReportPart } from '../../../../runtime/src/commands/verify/merge.ts';
import { buildReport } from '../../../../runtime/src/commands/verify/report.ts';
import type { VerificationReport, Verified } from '../../../../runtime/src/commands/verify/result.ts';
import { shareOf } from '../../../../runtime/src/core/part.ts';

const generatedAt = '2026-11-29T06:10:00.000Z';

const result = (target: string, number: number, ok: boolean): Verified => ({
  ...{
    target,
    store: '/backup',
    archive: `${target}/${number}`,
    tier: 'daily',
    level: 'deep',
    seconds: 1,
    ok,
  },
  ...(!ok && { problem: { code: 'archive.damaged', message: 'is damaged' } }),
});

interface Told {
  readonly name: string;
  readonly oks: readonly boolean[];
  readonly warned: boolean;
}

const reportOn = (told: readonly Told[], more: Partial<VerificationReport> = {}): VerificationReport =>
  buildReport({
    ...{ environment: 'test', generatedAt, notReached: [] },
    warnings: told.flatMap(({ name, warned }) => (warned ? [`${name}: is smaller than before`] : [])),
    results: told.flatMap(({ name, oks }) => oks.map((ok, number) => result(name, number, ok))),
    ...more,
  });

const partOf = (told: readonly Told[], index: number, of: number, more = {}): ReportPart => ({
  targets: told.map(({ name }) => name),
  report: reportOn(told, { part: { index, of }, ...more }),
});

const plans = fc.uniqueArray(
  fc.record({
    name: fc.stringMatching(/^[a-z][a-z0-9-]{0,5}$/),
    oks: fc.array(fc.boolean(), { maxLength: 3 }),
    warned: fc.boolean(),
  }),
  { selector: ({ name }) => name, minLength: 1, maxLength: 30 },
);

const parts = fc.integer({ min: 1, max: 6 });

const namesOf = (told: readonly Told[]) => told.map(({ name }) => name);

test('parts of any number make the report that one pod makes', () => {
  fc.assert(
    fc.property(plans, parts, fc.infiniteStream(fc.nat()), (told, of, random) => {
      const all = Array.from({ length: of }, (_, index) => partOf(shareOf(told, { index, of }), index, of));
      const order = new Map(all.map((part) => [part, random.next().value]));
      const shuffled = all.toSorted((a, b) => order.get(a)! - order.get(b)!);
      expect(mergeParts(namesOf(told), of, shuffled)).toEqual(reportOn(told));
    }),
  );
});

test('each target of the plan is in the report once or named as not reached, whatever each part believed the plan to be', () => {
  fc.assert(
    fc.property(
      plans,
      parts,
      fc.array(fc.nat({ max: 29 })),
      fc.array(fc.nat({ max: 5 })),
      (told, of, gone, dead) => {
        const planOf = (index: number) => told.filter((_, place) => index === 0 || !gone.includes(place));
        const all = Array.from({ length: of }, (_, index) =>
          partOf(shareOf(planOf(index), { index, of }), index, of),
        );
        const [first, ...rest] = all;
        const merged = mergeParts(namesOf(told), of, [
          first!,
          ...rest.filter((_, index) => !dead.includes(index)),
        ]);
        const keys = merged.results.map(({ archive }) => archive);
        expect(new Set(keys).size).toBe(keys.length);
        const told1 = new Set(merged.results.map(({ target }) => target));
        expect(merged.notReached.filter((name) => told1.has(name))).toEqual([]);
        const silent = told.filter(({ oks }) => oks.length === 0).map(({ name }) => name);
        expect(
          namesOf(told).filter(
            (name) => !told1.has(name) && !merged.notReached.includes(name) && !silent.includes(name),
          ),
        ).toEqual([]);
        if (merged.notReached.length > 0)
          expect(merged).toMatchObject({ status: 'failed', stopped: expect.anything() });
      },
    ),
  );
});

describe('a report that is not whole says so', () => {
  const told = ['a', 'b', 'c', 'd', 'e'].map((name) => ({ name, oks: [true], warned: false }));
  const shares = [0, 1, 2].map((index) => partOf(shareOf(told, { index, of: 3 }), index, 3));

  test('where a part told nothing', () => {
    expect(mergeParts(namesOf(told), 3, [shares[0]!, shares[2]!])).toMatchObject({
      ...{ status: 'failed', archives: 3, failed: 0, notReached: ['b', 'e'] },
      stopped: 'no report of part 1 of 3',
    });
  });

  test('where parts were stopped, each reason once', () => {
    const stopped = (index: number, ...notReached: string[]) => ({
      ...shares[index]!,
      report: { ...shares[index]!.report, stopped: 'received SIGTERM', notReached },
    });
    expect(mergeParts(namesOf(told), 3, [stopped(0, 'd'), stopped(1, 'b', 'e'), shares[2]!])).toMatchObject({
      ...{ status: 'failed', notReached: ['b', 'd', 'e'], stopped: 'received SIGTERM' },
    });
  });

  test('where the plan has a target that it did not have when the parts began', () => {
    expect(mergeParts([...namesOf(told), 'new'], 3, shares)).toMatchObject({
      ...{ status: 'failed', archives: 5, notReached: ['new'] },
      stopped: 'the targets of the plan changed meanwhile',
    });
  });
});

test('what a part says of the store is in the report, after what is said of targets', () => {
  const told = ['a', 'b'].map((name) => ({ name, oks: [], warned: true }));
  const [first, second] = [0, 1].map((index) => partOf([told[index]!], index, 2));
  const full = '/backup will be full in 3 days';
  const spoken = { ...first!, report: { ...first!.report, warnings: [...first!.report.warnings, full] } };
  expect(mergeParts(['a', 'b'], 2, [spoken, second!]).warnings).toEqual([
    ...['a', 'b'].map((name) => `${name}: is smaller than before`),
    full,
  ]);
});
