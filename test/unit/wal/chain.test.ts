import { describe, expect, test } from '@jest/globals';
import { byId, chainOf } from '../../../runtime/src/wal/chain.ts';

const [whole, first, second] = [
  { id: 'whole' },
  { id: 'first', incrementOf: 'whole' },
  { id: 'second', incrementOf: 'first' },
];

describe('the bases that one is made of', () => {
  test('begin with the whole one, and end with itself', () => {
    const all = byId([second, whole, first]);
    expect(chainOf(second, all)).toEqual([whole, first, second]);
    expect(chainOf(whole, all)).toEqual([whole]);
  });

  test('are not there where one is missing, or goes on from itself', () => {
    expect(chainOf(second, byId([whole, second]))).toBeUndefined();
    const [a, b] = [
      { id: 'a', incrementOf: 'b' },
      { id: 'b', incrementOf: 'a' },
    ];
    expect(chainOf(a, byId([a, b]))).toBeUndefined();
  });
});
