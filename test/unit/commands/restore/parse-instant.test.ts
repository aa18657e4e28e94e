import { describe, expect, test } from '@jest/globals';
import { parseInstant } from '../../../../runtime/src/commands/restore/parse-instant.ts';

describe('an instant on the command line', () => {
  test.each([
    ['2026-11-28 03:14:00', '2026-11-28T03:14:00.000Z'],
    ['2026-11-28T03:14:00.250Z', '2026-11-28T03:14:00.250Z'],
    ['2026-11-28 03:14:00 UTC', '2026-11-28T03:14:00.000Z'],
    ['2026-11-28 03:14+01:00', '2026-11-28T02:14:00.000Z'],
    ['2026-11-28', '2026-11-28T00:00:00.000Z'],
  ])('%s is a time, of UTC where it names no zone', (text, time) => {
    expect(parseInstant(text, undefined)).toEqual({ time: new Date(time) });
  });

  test('is a position, a transaction, the newest one, or none', () => {
    expect(parseInstant('0/16B3748', undefined)).toEqual({ position: '0/16B3748' });
    expect(parseInstant(undefined, '74123')).toEqual({ beforeTransaction: '74123' });
    expect(parseInstant('latest', undefined)).toBe('latest');
    expect(parseInstant(undefined, undefined)).toBeUndefined();
  });

  test.each(['2026-13-28 03:14:00', '2026-11-28 25:00', 'tomorrow morning', ''])('is not %p', (text) => {
    expect(() => parseInstant(text, undefined)).toThrow(/expected a time such as 2026-11-28 03:14:00/);
  });
});
