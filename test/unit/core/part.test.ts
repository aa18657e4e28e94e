import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { partOf, shareOf } from '../../../runtime/src/core/part.ts';

const run = '5d1f6f3e-8a5e-4a55-9d0c-6a1a0b1c2d3e';

test('shares of any number of parts hold each target once, alike in number and in the order of the plan', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.integer({ min: 1, max: 50 }), (count, of) => {
      const targets = Array.from({ length: count }, (_, place) => place);
      const shares = Array.from({ length: of }, (_, index) => shareOf(targets, { index, of }));
      expect(shares.flat().toSorted((a, b) => a - b)).toEqual(targets);
      for (const share of shares) expect(share).toEqual(share.toSorted((a, b) => a - b));
      const sizes = shares.map(({ length }) => length);
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }),
  );
});

test('neighbours of the plan, which are often alike, are in different shares', () => {
  expect(shareOf(['a', 'b', 'c', 'd', 'e'], { index: 1, of: 2 })).toEqual(['b', 'd']);
});

test('without parts all targets are one share', () => {
  expect(shareOf(['a', 'b'], undefined)).toEqual(['a', 'b']);
});

test('a pod of an Indexed Job is a part, and no other pod is, whatever index it has', () => {
  const variables = { JOB_COMPLETION_INDEX: '3', BACKUP_PARTS: '4', BACKUP_RUN: run };
  expect(partOf(variables)).toEqual({ index: 3, of: 4, run });
  expect(partOf({})).toBeUndefined();
  expect(partOf({ JOB_COMPLETION_INDEX: '3' })).toBeUndefined();
});

test.each([
  [{ BACKUP_PARTS: '4', BACKUP_RUN: run }, 'expected a number in JOB_COMPLETION_INDEX, found undefined'],
  [
    { JOB_COMPLETION_INDEX: '4', BACKUP_PARTS: '4', BACKUP_RUN: run },
    'expected an index below 4 in JOB_COMPLETION_INDEX, found 4',
  ],
  [
    { JOB_COMPLETION_INDEX: '0', BACKUP_PARTS: 'four', BACKUP_RUN: run },
    'expected a number in BACKUP_PARTS, found "four"',
  ],
  [
    { JOB_COMPLETION_INDEX: '0', BACKUP_PARTS: '4', BACKUP_RUN: '../locks/x' },
    'expected the UID of a Job in BACKUP_RUN, found "../locks/x"',
  ],
])('a pod that does not know its part does not guess: %j', (variables, message) => {
  expect(() => partOf(variables)).toThrow(message);
});
