import { expect, test } from '@jest/globals';
import { ObjectCount } from '../../../../runtime/src/engines/postgresql/object-hash.ts';

/** Objects by number, each in pieces. */
type Objects = readonly (readonly [number, ...string[]])[];

const counted = (objects: Objects, hashed = true) => {
  const count = new ObjectCount(hashed);
  for (const [id, ...pieces] of objects) {
    count.begin(id);
    for (const piece of pieces) count.push(Buffer.from(`..${piece}.`), 2, 2 + piece.length);
    count.end();
  }
  return count.result();
};

const objects: Objects = [[1, 'abc', 'def'], [2], [3, 'x']];
const whole = counted(objects);

test('counts, and hashes where it is asked for', () => {
  expect(counted(objects, false)).toEqual({ objects: 3 });
  expect(whole).toEqual({ objects: 3, content: expect.stringMatching(/^[0-9a-f]{32}$/) });
});

test('neither order nor pieces matter', () => {
  expect(
    counted([
      [3, 'x'],
      [1, 'abcdef'],
      [2, '', ''],
    ]),
  ).toEqual(whole);
  expect(counted([[2], [1, 'a', 'bcde', 'f'], [3, 'x']])).toEqual(whole);
});

test.each([
  ['another byte', [[1, 'abcdeF'], [2], [3, 'x']]],
  ['exchanged content', [[1, 'x'], [2], [3, 'abcdef']]],
  ['another number', [[1, 'abcdef'], [4], [3, 'x']]],
  [
    'content that moved to the next',
    [
      [1, 'abcde'],
      [2, 'f'],
      [3, 'x'],
    ],
  ],
] as const satisfies readonly (readonly [string, Objects])[])('%s is seen', (_, others) => {
  expect(counted(others).content).not.toBe(whole.content);
});
