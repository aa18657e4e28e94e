import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { printable, printableItem } from '../../../runtime/src/core/printable.ts';
import { body } from '../../../runtime/src/notify/message.ts';

test('text for people moves no cursor and hides nothing', () => {
  expect(printable('a\u001b[2Kb\rc\u202ed\te\nf 🔥')).toBe('a\\u001b[2Kb\\u000dc\\u202ed\te\nf 🔥');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      expect(printable(text)).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e]/);
    }),
  );
});

test('a name with line ends adds no fact to a notice', () => {
  const message = 'restored data differs: public.x\nfinished 2020-01-01 rows: expected 1, found 2';
  expect(printableItem(message).split('\n')[1]).toMatch(/^ {2}finished/);
  const notice = {
    level: 'error',
    failure: { code: 'restore.mismatch', message },
    warnings: ['a\nhint     b'],
  };
  const lines = body({ ...notice, figures: {}, startedAt: '2020', finishedAt: '2021' } as never).split('\n');
  expect(lines.filter((line) => /^(finished|hint) /.test(line)).length).toBeLessThanOrEqual(2);
  expect(lines).not.toContain('hint     b');
});
