import { describe, expect, test } from '@jest/globals';
import { parseDoc } from '../../../../scripts/docs/doc-comment.ts';

describe('parseDoc', () => {
  test.each([
    ['/** Days. @default 30 - a month */', { text: 'Days.', standard: { value: '30', why: 'a month' } }],
    ['/** Days. */', { text: 'Days.' }],
    ['/** @default none */', { text: '', standard: { value: 'none', why: '' } }],
    [
      '/**\n   * Days\n   * of it.\n   * @default 30 - a\n   * month - or so\n   */',
      { text: 'Days of it.', standard: { value: '30', why: 'a month - or so' } },
    ],
    [
      '/** Reads. @throws Error for nothing @default 1 - one */',
      { text: 'Reads.', standard: { value: '1', why: 'one' } },
    ],
    ['/** Reads. @returns a number */', { text: 'Reads.' }],
    ['', { text: '' }],
  ])('reads %j', (comment, doc) => {
    expect(parseDoc(comment)).toEqual(doc);
  });
});
