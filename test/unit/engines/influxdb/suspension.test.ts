import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { resumed, suspended } from '../../../../runtime/src/engines/influxdb/suspension.ts';

const perSecond = 1_000_000_000n;
const perYear = 365n * 86_400n * perSecond;
const longest = 2n ** 63n - 1n;
const retention = fc
  .oneof(
    fc.bigInt(0n, longest),
    fc.bigInt(0n, longest / perSecond).map((seconds) => seconds * perSecond),
    fc.bigInt(0n, 40n * 365n * 24n * 60n).map((minutes) => minutes * 60n * perSecond),
    fc.bigInt(250n * 365n * 24n, longest / perSecond / 3600n).map((hours) => hours * 3600n * perSecond),
  )
  .filter((meant) => resumed(meant) === undefined); // nobody chooses the very second of a suspended one

describe('a retention that is suspended', () => {
  test('comes back as it was, and is one that servers store', () => {
    fc.assert(
      fc.property(retention, (meant) => {
        const meanwhile = suspended(meant);
        expect(meanwhile).toBeLessThanOrEqual(longest);
        expect(resumed(meanwhile) ?? meanwhile).toBe(meant);
      }),
    );
  });

  test('takes no point of the last 250 years, where it is of whole minutes and short enough to be stored', () => {
    fc.assert(
      fc.property(fc.bigInt(1n, 40n * 365n * 24n * 60n), (minutes) => {
        expect(suspended(minutes * 60n * perSecond)).toBeGreaterThan(250n * perYear);
      }),
    );
  });

  test('is told from any that somebody chose, even of more than 250 years', () => {
    fc.assert(
      fc.property(fc.bigInt(0n, longest / perSecond / 60n), (minutes) => {
        expect(resumed(minutes * 60n * perSecond)).toBeUndefined();
      }),
    );
    fc.assert(
      fc.property(retention, (chosen) => {
        const meant = resumed(chosen);
        if (meant !== undefined) expect(suspended(meant)).toBe(chosen);
      }),
    );
  });
});
