import { describe, expect, test } from '@jest/globals';
import { StreamCount } from '../../../../runtime/src/engines/postgresql/stream-count.ts';
import { customDump, type DumpedTable } from '../../../kit/custom-dump.ts';

const tables: readonly DumpedTable[] = [
  {
    name: 'users',
    columns: ['id', 'name'],
    rows: ['1\tAnna', '2\tBert', String.raw`3\t\N`.replace(String.raw`\t`, '\t')],
  },
  { name: 'none', columns: ['id'], rows: [] },
  { name: 'empty', columns: [], rows: ['', ''] },
];
const named = tables.map(({ name }) => ({ schema: 'public', name }));

const countOf = (hashed: boolean, ...chunks: readonly Buffer[]) => {
  const count = new StreamCount(hashed);
  for (const chunk of chunks) count.push(chunk);
  return count.result(named, (bytes) => bytes.toString('utf8'));
};

const objects = { 17: [Buffer.from('abc'), Buffer.from('def')], 18: [] };
const dump = customDump(tables, objects);

const hash = expect.stringMatching(/^[0-9a-f]{32}$/);

test('rows and large objects, without and with their content', () => {
  expect(countOf(false, dump)).toEqual({
    'public.users': { rows: 3 },
    'public.none': { rows: 0 },
    'public.empty': { rows: 2 },
    'large objects': { objects: 2 },
  });
  expect(countOf(true, dump)).toEqual({
    'public.users': { rows: 3, content: hash },
    'public.none': { rows: 0, content: '0'.repeat(32) },
    'public.empty': { rows: 2, content: hash },
    'large objects': { objects: 2, content: hash },
  });
});

describe.each([false, true])('with content: %s', (hashed) => {
  const whole = countOf(hashed, dump);

  test('wherever the dump is cut into chunks', () => {
    for (let at = 1; at < dump.length; at += 1)
      expect(countOf(hashed, dump.subarray(0, at), dump.subarray(at))).toEqual(whole);
  });

  test('wherever its blocks are cut into pieces', () => {
    for (const pieceBytes of [1, 2, 5, 7, 1000])
      expect(countOf(hashed, customDump(tables, objects, { pieceBytes }))).toEqual(whole);
    expect(countOf(hashed, customDump(tables, { 17: [Buffer.from('abcdef')], 18: [] }))).toEqual(whole);
  });

  test('cut short it is damaged', () => {
    expect(() => countOf(hashed, dump.subarray(0, -1))).toThrow('middle of a block');
  });
});

test('a table that the dump has no data of has no rows', () => {
  expect(countOf(true, customDump([]))['public.users']).toEqual({ rows: 0, content: '0'.repeat(32) });
});

test('a form that is not known is told', () => {
  const count = new StreamCount(true);
  count.push(customDump(tables, {}, { minor: 17 }));
  expect(count.isUnknown).toBe(true);
});

test('a COPY of another form is not hashed as if it were known', () => {
  const odd = customDump([{ name: 't', columns: ['a) FROM elsewhere; --'], rows: ['1'] }]);
  expect(countOf(false, odd)).toMatchObject({ 'public.users': { rows: 0 } });
  expect(() => countOf(true, odd)).toThrow('a COPY of another form');
});
