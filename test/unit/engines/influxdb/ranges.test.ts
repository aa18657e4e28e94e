import { expect, test } from '@jest/globals';
import {
  afterwards,
  agree,
  assertHoldsPoints,
  combine,
} from '../../../../runtime/src/engines/influxdb/ranges.ts';
import { testRun } from '../../../kit/run.ts';

const run = testRun();
const none = new Map<string, ReadonlySet<string>>();
const before = { 'grill/autogen': { series: 4, points: 100 } };

test('counts that agree are exact', () => {
  expect(combine(before, before, none)).toEqual(before);
});

test('counts that differ are a range, whichever is larger', () => {
  const after = { 'grill/autogen': { series: 4, points: 90 } };
  expect(combine(before, after, none)).toEqual({ 'grill/autogen': { series: 4, points: '90..100' } });
  expect(combine(after, before, none)).toEqual({ 'grill/autogen': { series: 4, points: '90..100' } });
});

test('a bucket made during the dump counts from nothing', () => {
  expect(combine({}, { new: { points: 3 } }, none)).toEqual({ new: { points: '0..3' } });
});

test('intervals with deletes that wait are lower bounds, for every type that may come back; others stay exact', () => {
  const [first, second] = ['2025-01-06T00:00:00Z', '2025-01-13T00:00:00Z'];
  const counted = {
    item: { ...{ series: 4, points: 100 }, [`${first} float`]: 60, [`${second} float`]: 40 },
  };
  expect(combine(counted, counted, new Map([['item', new Set([first])]]))).toEqual({
    item: {
      ...{ series: '4..', points: '100..' },
      ...{ [`${first} float`]: '60..', [`${second} float`]: 40 },
      ...Object.fromEntries(
        ['integer', 'unsigned', 'string', 'boolean'].map((type) => [`${first} ${type}`, '0..']),
      ),
    },
  });
});

test('what is there in one of two counts only is a range, and may be missing', () => {
  const [early, late] = [{ item: { points: 1, 'A float': 1 } }, { item: { points: 1, 'B float': 2 } }];
  const both = combine(early, late, none);
  expect(both).toEqual({ item: { points: 1, 'A float': '0..1', 'B float': '0..2' } });
  expect(agree(run, both, { item: { points: 1 } })).toEqual(both);
});

const asOf = new Date('2025-01-10T00:00:00Z');
const written = { item: { points: 3, '2025-01-06T00:00:00Z float': 3, '2025-01-10T00:00:00.001Z float': 2 } };

test.each([
  [
    'more behind the time of the dump',
    { '2025-01-10T00:00:00.001Z float': 9, '2025-01-10T00:00:00.001Z string': 1 },
    true,
  ],
  ['fewer behind it', { '2025-01-10T00:00:00.001Z float': 1 }, false],
  ['more before it', { '2025-01-06T00:00:00Z float': 4 }, false],
  ['another type before it', { '2025-01-06T00:00:00Z string': 1 }, false],
])('where clients write, %s: equal is %s', (_title, change, equal) => {
  const counted = { item: { ...written.item, ...change } };
  const compared = () => agree(run, written, counted, asOf);
  if (equal) expect(compared()).toEqual(written);
  else expect(compared).toThrow(/restored data differs/);
  expect(() => agree(run, written, counted)).toThrow(/restored data differs/);
});

test('what clients wrote while a database was replaced is counted, and nothing restored may be missing', () => {
  const counted = {
    item: { points: 5, '2025-01-06T00:00:00Z float': 5, '2025-01-10T00:00:00.001Z float': 2 },
  };
  expect(afterwards(written, counted)).toBe(2);
  expect(() => afterwards(counted, written)).toThrow(/2025-01-06T00:00:00Z float: expected 5\.\., found 3/);
});

test.each([
  [100, 100, true],
  [100, 99, false],
  ['90..100', 90, true],
  ['90..100', 100, true],
  ['90..100', 89, false],
  ['90..100', 101, false],
  ['90..', 5000, true],
  ['90..', 89, false],
])('expected %s and found %s: %s', (expected, found, equal) => {
  const wanted = { item: { points: expected } };
  const compared = () => agree(run, wanted, { item: { points: found } });
  if (equal) expect(compared()).toEqual(wanted);
  else expect(compared).toThrow(`item points: expected ${expected}, found ${found}`);
});

test('an item that is missing, or that nobody expects, is a difference', () => {
  expect(() => agree(run, before, {})).toThrow(/expected 100, found nothing/);
  expect(() => agree(run, {}, before)).toThrow(/expected nothing, found 100/);
});

test('no point at all is an empty dump', () => {
  expect(() => assertHoldsPoints({ a: { points: 0 }, b: { points: 0 } }, 'influxdb at x:1')).toThrow(
    'influxdb at x:1 holds no point in a, b',
  );
  expect(() => assertHoldsPoints({}, 'influxdb at x:1')).toThrow('in any bucket or database');
  expect(() => assertHoldsPoints({ a: { points: 0 }, b: { points: '0..1' } }, 'x')).not.toThrow();
});
