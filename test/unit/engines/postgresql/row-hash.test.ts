import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { RowHash } from '../../../../runtime/src/engines/postgresql/row-hash.ts';

const to64 = (value: bigint): bigint => BigInt.asUintN(64, value);
const rotated = (word: bigint, bits: bigint): bigint => to64((word << bits) | (word >> (64n - bits)));

/** SipHash-2-4 as its paper has it, to compare with; of 128 bits where `wide`. */
const sipHash = (key: Buffer, data: Buffer, wide = false): readonly bigint[] => {
  const [k0, k1] = [key.readBigUInt64LE(0), key.readBigUInt64LE(8)];
  let [v0, v1] = [k0 ^ 0x736f6d6570736575n, k1 ^ 0x646f72616e646f6dn ^ (wide ? 0xeen : 0n)];
  let [v2, v3] = [k0 ^ 0x6c7967656e657261n, k1 ^ 0x7465646279746573n];
  const rounds = (count: number): void => {
    for (let each = 0; each < count; each += 1) {
      [v0, v2] = [to64(v0 + v1), to64(v2 + v3)];
      [v1, v3] = [rotated(v1, 13n) ^ v0, rotated(v3, 16n) ^ v2];
      [v2, v0] = [to64(v2 + v1), to64(rotated(v0, 32n) + v3)];
      [v1, v3] = [rotated(v1, 17n) ^ v2, rotated(v3, 21n) ^ v0];
      v2 = rotated(v2, 32n);
    }
  };
  const padded = Buffer.alloc(data.length - (data.length % 8) + 8);
  data.copy(padded);
  padded[padded.length - 1] = data.length & 0xff;
  for (let at = 0; at < padded.length; at += 8) {
    v3 ^= padded.readBigUInt64LE(at);
    rounds(2);
    v0 ^= padded.readBigUInt64LE(at);
  }
  v2 ^= wide ? 0xeen : 0xffn;
  rounds(4);
  const first = v0 ^ v1 ^ v2 ^ v3;
  v1 ^= 0xddn;
  rounds(4);
  return [first, v0 ^ v1 ^ v2 ^ v3];
};

const keyOf = (name: string): Buffer => createHash('sha256').update(name, 'latin1').digest();

/** As FORMAT.md has it. */
const expected = (rows: readonly (readonly string[])[], columns: readonly string[]) => {
  let [low, high] = [0n, 0n];
  for (const row of rows) {
    const fields = row.map((field, n) => sipHash(keyOf(columns[n] ?? ''), Buffer.from(field, 'latin1'))[0]!);
    const sum = Buffer.alloc(8);
    sum.writeBigUInt64LE(to64(fields.reduce((all, each) => all + each, 0n)));
    const [first, second] = sipHash(keyOf(''), sum, true);
    [low, high] = [to64(low + first!), to64(high + second!)];
  }
  const content = [high, low].map((word) => word.toString(16).padStart(16, '0')).join('');
  return { rows: rows.length, content };
};

const end = '\\.\n\n\n';
const textOf = (rows: readonly (readonly string[])[]): Buffer =>
  Buffer.from(`${rows.map((row) => `${row.join('\t')}\n`).join('')}${end}`, 'latin1');

const hash = new RowHash();

/** Hashes a text that is cut into pieces of so many bytes. */
const hashed = (text: Buffer, columns: readonly string[], pieceBytes = text.length) => {
  hash.begin(columns);
  for (let at = 0; at < text.length; at += pieceBytes)
    hash.push(text, at, Math.min(text.length, at + pieceBytes));
  return hash.end();
};

test('the reference here is SipHash-2-4: the example of its paper', () => {
  const bytes = Buffer.from(Array.from({ length: 16 }, (_, n) => n));
  expect(sipHash(bytes, bytes.subarray(0, 15))[0]!.toString(16)).toBe('a129ca6149be45e5');
});

/** A generator with a seed, so that what fails fails again. */
const numbersFrom = (seed: number) => {
  let state = seed;
  return (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
};

/** Bytes that values are written with: no tab, no end of line, no backslash. */
const plain = (next: (below: number) => number, length: number): string =>
  Array.from({ length }, () => String.fromCharCode(next(2) ? 0x20 + next(0x3c) : 0x80 + next(0x80))).join('');

test.each(Array.from({ length: 60 }, (_, seed) => seed))(
  'rows of all lengths, however they are cut, as the reference has them: %i',
  (seed) => {
    const next = numbersFrom(seed);
    const columns = Array.from({ length: 1 + next(6) }, (_, n) => `c${n}`);
    const rows = Array.from({ length: next(20) }, () => columns.map(() => plain(next, next(next(40) + 1))));
    const text = textOf(rows);
    for (const size of [1 + next(3), 1 + next(40), text.length])
      expect(hashed(text, columns, size)).toEqual(expected(rows, columns));
  },
);

describe('the hash', () => {
  const columns = ['a', 'b'];
  const rows = [
    ['1', 'x'],
    ['2', String.raw`\N`],
    ['3', ''],
    ['3', ''],
  ];
  const content = (of: readonly (readonly string[])[], names: readonly string[] = columns) =>
    hashed(textOf(of), names).content;
  const whole = content(rows);

  test('does not depend on the order of rows and columns', () => {
    expect(content(rows.toReversed())).toBe(whole);
    expect(
      content(
        rows.map((row) => row.toReversed()),
        columns.toReversed(),
      ),
    ).toBe(whole);
  });

  const changes: Readonly<Record<string, readonly (readonly string[])[]>> = {
    'a value that changed': [['1', 'y'], ...rows.slice(1)],
    'a row that is missing': rows.slice(1),
    'one of two equal rows that is missing': rows.slice(0, -1),
    'a row that comes twice': [...rows, ['1', 'x']],
    'two equal rows in the place of two others': [['1', 'x'], ['1', 'x'], ...rows.slice(2)],
    'values that two rows exchanged': [['2', 'x'], ['1', String.raw`\N`], ...rows.slice(2)],
    'values that two columns exchanged': [['x', '1'], ...rows.slice(1)],
    'NULL in the place of an empty text': [...rows.slice(0, 3), ['3', String.raw`\N`]],
    'no rows at all': [],
  };

  test.each(Object.keys(changes))('sees %s', (change) => {
    expect(content(changes[change]!)).not.toBe(whole);
  });

  test('sees a row of a table that has other columns', () => {
    expect(content(rows, ['a', 'c'])).not.toBe(whole);
  });
});

test('rows without columns are counted and hashed', () => {
  expect(hashed(textOf([[''], ['']]), [])).toEqual(expected([[''], ['']], []));
  expect(hashed(textOf([['']]), []).content).not.toBe(hashed(textOf([['']]), ['a']).content);
});

test('values that look like the end of the rows are values', () => {
  const rows = [[String.raw`\\.`], ['.'], [String.raw`\\.\n`]];
  expect(hashed(textOf(rows), ['a'])).toEqual(expected(rows, ['a']));
  const twice = [['a', String.raw`\.`]]; // not what COPY writes: only a line of its own ends the rows
  expect(hashed(textOf(twice), ['a', 'b']).rows).toBe(1);
});

test('a value of many pieces', () => {
  const rows = [['x'.repeat(3_000_001), 'y'.repeat(1_048_577)]];
  const { content } = hashed(textOf(rows), ['a', 'b']);
  expect(hashed(textOf(rows), ['a', 'b'], 777_777).content).toBe(content);
  expect(content).not.toBe(hashed(textOf([[rows[0]![0]!, `z${rows[0]![1]!.slice(1)}`]]), ['a', 'b']).content);
});

test.each([
  ['more fields than columns', `1\t2\t3\n${end}`, 'another number of fields'],
  ['fewer', `1\n${end}`, 'another number of fields'],
  ['no end', '1\t2\n', 'no end'],
  ['rows after the end', `1\t2\n\\.\n1\t2\n\\.\n\n\n`, 'no end'],
  ['half a row at the end', `1\t2\n\\.\n\n\n1`, undefined],
])('%s', (_, text, problem) => {
  const hashing = () => hashed(Buffer.from(text), ['a', 'b']);
  if (problem) expect(hashing).toThrow(problem);
  else expect(hashing().rows).toBe(1); // what comes after the end is for the reader of the block to see
});

test('as many columns as a table can have, and no more', () => {
  const columns = Array.from({ length: 1600 }, (_, n) => `c${n}`);
  const rows = [columns.map((_, n) => `${n}`)];
  expect(hashed(textOf(rows), columns)).toEqual(expected(rows, columns));
  expect(() => hashed(textOf([]), [...columns, 'one more'])).toThrow('more columns than tables can have');
});
