import { expect, test } from '@jest/globals';
import { quantityValue } from '../../../../runtime/src/core/quantity.ts';

test.each([
  ['200m', 0.2],
  ['1', 1],
  ['1.5', 1.5],
  ['1k', 1000],
  ['1Ki', 1024],
  ['512Mi', 536_870_912],
  ['2G', 2e9],
  ['2Gi', 2_147_483_648],
])('%s is %d', (text, value) => {
  expect(quantityValue(text)).toBe(value);
});

test.each(['', 'Gi', '1GiB', '1 Gi', '-1', '1ki', '0x10'])('%j is no quantity', (text) => {
  expect(quantityValue(text)).toBeUndefined();
});
