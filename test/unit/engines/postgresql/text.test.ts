import { afterAll, describe, expect, test } from '@jest/globals';
import { countCopiedRows } from '../../../../runtime/src/engines/postgresql/rows.ts';
import { nameWith } from '../../../../runtime/src/engines/postgresql/swap.ts';
import { majorOf, toolsFor } from '../../../../runtime/src/engines/postgresql/tools.ts';
import { testRun } from '../../../kit/run.ts';

const run = testRun();
afterAll(run.dispose);

describe('rows of COPY data', () => {
  const output = String.raw`--
-- Data for Name: users; Type: TABLE DATA
--
COPY public.users (id, "a""b", "(x) FROM stdin;") FROM stdin;
1	COPY public.fake (id) FROM stdin;	\\.
2		\.
\.
COPY "My Schema"."t.""x""" (id) FROM stdin;
\.
COPY public.none  FROM stdin;


\.
SELECT pg_catalog.lo_open('42', 131072);
SELECT pg_catalog.setval('public.users_id_seq', 2, true);
`;
  const expected = {
    'public.users': { rows: 2 },
    'My Schema."t.""x"""': { rows: 0 },
    'public.none': { rows: 2 },
    'large objects': { objects: 1 },
  };

  test.each([1, 2, 3, 50, 10_000])('in chunks of %i bytes', async (size) => {
    const chunks = (async function* () {
      for (let at = 0; at < output.length; at += size) yield Buffer.from(output.slice(at, at + size));
    })();
    expect(await countCopiedRows(chunks)).toEqual(expected);
  });

  test('a row of any length is one row', async () => {
    const chunks = (async function* () {
      yield Buffer.from('COPY public.big (x) FROM stdin;\n');
      for (let index = 0; index < 100; index += 1) yield Buffer.alloc(1 << 20, '\\.x');
      yield Buffer.from('\nsecond\n\\.\n');
    })();
    expect(await countCopiedRows(chunks)).toEqual({ 'public.big': { rows: 2 } });
  });
});

test('a name that would be too long keeps its ending', () => {
  expect(nameWith('grill', '_before_20240101_020000')).toBe('grill_before_20240101_020000');
  const long = nameWith('ü'.repeat(40), '_before_20240101_020000');
  expect(long).toMatch(/^ü+_before_20240101_020000$/);
  expect(Buffer.byteLength(long)).toBeLessThanOrEqual(63);
});

test.each([
  ['15.20 (Debian 15.20-0+deb12u1)', 15],
  ['pg_dump (PostgreSQL) 17.2', 17],
  ['18beta1', 18],
])('major of %s', (version, major) => expect(majorOf(version)).toBe(major));

test('a server without a client of its major is unsupported', async () => {
  await expect(toolsFor(run, 99)).rejects.toEqual(
    expect.objectContaining({
      code: 'source.unsupported',
      message: expect.stringMatching(/postgresql 99.*not installed/),
    }),
  );
});
