import { expect, test } from '@jest/globals';
import { agree, assertHoldsPoints, combine } from '../../../../runtime/src/engines/influxdb/ranges.ts';
import { testRun } from '../../../kit/run.ts';

const run = testRun();
const none = new Set<string>();
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

test('items with deletes that wait are lower bounds', () => {
  const open = new Set(['grill/autogen']);
  expect(combine(before, before, open)).toEqual({ 'grill/autogen': { series: '4..', points: '100..' } });
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
