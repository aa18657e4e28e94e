import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { quantityValue } from '../../../../runtime/src/plan/quantity.ts';
import { canonicalQuantity } from '../../../../src/environment/resources.ts';

// Answers of a real API server 1.33 to the same requests of a pod.
test.each([
  ['1000m', '1'],
  ['1500m', '1500m'],
  ['1.5', '1500m'],
  ['0.5', '500m'],
  ['2000', '2k'],
  ['1024Mi', '1Gi'],
  ['1.5Gi', '1536Mi'],
  ['1536Mi', '1536Mi'],
  ['0.5Ki', '512'],
  ['1000M', '1G'],
  ['512Mi', '512Mi'],
])('%s is stored as %s', (text, stored) => expect(canonicalQuantity(text)).toBe(stored));

test('no amount changes, and what is canonical stays', () => {
  const units = fc.constantFrom('', 'm', 'k', 'M', 'G', 'Ki', 'Mi', 'Gi');
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 99_999 }),
      fc.constantFrom('', '.5', '.25'),
      units,
      (whole, rest, unit) => {
        const text = `${whole}${unit === 'm' ? '' : rest}${unit}`;
        const stored = canonicalQuantity(text);
        expect(quantityValue(stored)).toBeCloseTo(quantityValue(text)!, 6);
        expect(canonicalQuantity(stored)).toBe(stored);
      },
    ),
  );
});
