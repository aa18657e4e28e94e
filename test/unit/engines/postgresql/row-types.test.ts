import { expect, test } from '@jest/globals';
import { withRowTypes } from '../../../../runtime/src/engines/postgresql/row-types.ts';

test('the types of tables with rows are measured, and of no others', () => {
  const counted = { 'public.a': { rows: 1 }, 'public.b': { rows: 0 }, 'public.c': { rows: 2 } };
  const types = new Map([
    ['public.a', 'public.c (b, a)'],
    ['public.b', 'public.c (b, a)'],
    ['public.elsewhere', 'public.c (b, a)'],
  ]);
  expect(withRowTypes(counted, types)).toEqual({
    ...counted,
    'public.a': { rows: 1, rowTypes: 'public.c (b, a)' },
  });
});
