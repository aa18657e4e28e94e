import { expect, test } from '@jest/globals';
import { giveBack } from '../../../runtime/src/core/give-back.ts';

test('large buffers are empty afterwards, also two in the same memory', () => {
  const large = Buffer.allocUnsafeSlow(1 << 20);
  const halves = [large.subarray(0, 1 << 19), large.subarray(1 << 19)];
  giveBack(halves);
  expect([large, ...halves].map(({ length }) => length)).toEqual([0, 0, 0]);
});

test('small buffers stay, as others lie in the same memory', () => {
  const [small, other] = [Buffer.from('small'), Buffer.from('other')];
  giveBack([small]);
  expect([small.toString(), other.toString()]).toEqual(['small', 'other']);
});
