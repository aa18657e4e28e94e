import { describe, expect, test } from '@jest/globals';
import { linked, table } from '../../../../scripts/docs/markdown.ts';

describe('table', () => {
  test('keeps a cell on its line and in its column', () => {
    expect(table(['a', 'b'], [['1 | 2', 'two\nlines']])).toBe(
      '| a | b |\n| --- | --- |\n| 1 \\| 2 | two lines |',
    );
  });
});

describe('linked', () => {
  test('makes a link of the path of a page, as seen from another', () => {
    expect(linked('See docs/how-to/disaster-recovery.md#keys.', 'docs/reference')).toBe(
      'See [disaster recovery](../how-to/disaster-recovery.md#keys).',
    );
  });
});
