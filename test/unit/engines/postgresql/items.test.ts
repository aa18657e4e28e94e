import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { assertEqual } from '../../../../runtime/src/engines/fingerprint.ts';
import { isAmong, itemOf, named, tableOf } from '../../../../runtime/src/engines/postgresql/items.ts';

const name = fc.string({ minLength: 1, maxLength: 8, unit: fc.constantFrom('a', '.', '"', ' ', '\n', 'Ü') });
const table = fc.record({ schema: name, name });

test.each([
  ['public', 'users', 'public.users'],
  ['My Schema', 'ta"ble', 'My Schema.ta"ble'],
  ['a.b', 'c', '"a.b".c'],
  ['a', 'b.c', 'a."b.c"'],
  ['"a', 'b".c', '"""a"."b"".c"'],
])('table %s of schema %s has an item', (schema, table, item) =>
  expect(itemOf({ schema, name: table })).toBe(item),
);

test('every item stands for one table', () => {
  fc.assert(
    fc.property(table, (each) => expect(tableOf(itemOf(each))).toEqual(each)),
    { numRuns: 2000 },
  );
});

test('a name without dots and quotes is what it was in earlier versions', () => {
  fc.assert(
    fc.property(table, (each) => {
      fc.pre(!/[."]/.test(each.schema + each.name));
      expect(itemOf(each)).toBe(`${each.schema}.${each.name}`);
    }),
  );
});

test('a manifest of an earlier version still compares, and names tables for --only', () => {
  const expected = { 'a.b.c': { rows: 1 }, 'public.x': { rows: 2 } };
  expect(named(expected, { '"a.b".c': { rows: 1 }, 'public.x': { rows: 2 } })).toEqual(expected);
  expect(isAmong(['a.b.c'], { schema: 'a.b', name: 'c' })).toBe(true);
  expect(isAmong(['a."b.c"'], { schema: 'a', name: 'b.c' })).toBe(true);
  expect(isAmong(['a."b.c"'], { schema: 'a.b', name: 'c' })).toBe(false);
});

test('differences are accepted item by item', () => {
  const expected = { 'public.a': { rows: 1, hash: 'x' }, 'public.b': { rows: 1 } };
  const actual = { 'public.a': { rows: 1, hash: 'y' }, 'public.b': { rows: 2 } };
  expect(() => assertEqual(expected, actual, ['mismatch:public.a'])).toThrow(
    /^restored data differs: public.b rows: expected 1, found 2$/,
  );
  expect(() => assertEqual(expected, actual, ['mismatch', 'public.b', 'mismatch:public.a'])).toThrow(
    /public.b/,
  );
  expect(assertEqual(expected, actual, ['mismatch:public.a', 'mismatch:public.b'])).toEqual([
    'public.a hash: expected x, found y',
    'public.b rows: expected 1, found 2',
  ]);
});
