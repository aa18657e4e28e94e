import { expect, test } from '@jest/globals';
import { columnsOf } from '../../../../runtime/src/engines/postgresql/copy-columns.ts';

test.each([
  ['COPY public.t (a, b_2) FROM stdin;\n', ['a', 'b_2']],
  [
    'COPY "a.b"."c ""d"" COPY (x) FROM stdin;" ("Größe", "a, (b)", c) FROM stdin;\n',
    ['Größe', 'a, (b)', 'c'],
  ],
  [
    'COPY public.t ("say ""yes""", ") FROM stdin;", "line\nend") FROM stdin;\n',
    ['say "yes"', ') FROM stdin;', 'line\nend'],
  ],
  ['COPY public.none   FROM stdin;\n', []],
])('%j', (statement, columns) => {
  expect(columnsOf(statement)).toEqual(columns);
});

test('of 1,600 columns with long names', () => {
  const names = Array.from({ length: 1600 }, (_, n) => `${'"'.repeat(58)}${n}`);
  const quoted = names.map((name) => `"${name.replaceAll('"', '""')}"`);
  expect(columnsOf(`COPY public.t (${quoted.join(', ')}) FROM stdin;\n`)).toEqual(names);
});

test.each([
  '',
  'COPY public.t (a) TO stdout;\n',
  'COPY t (a) FROM stdin;\n',
  'COPY public.t (a, ) FROM stdin;\n',
])('none in %j', (statement) => {
  expect(columnsOf(statement)).toBeUndefined();
});
