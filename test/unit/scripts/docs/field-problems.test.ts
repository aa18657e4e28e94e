import { describe, expect, test } from '@jest/globals';
import { problemsOf } from '../../../../scripts/docs/field-problems.ts';
import type { Field } from '../../../../scripts/docs/fields.ts';

const field = (part: Partial<Field>): Field => ({
  path: 'days',
  type: 'whole number',
  optional: true,
  value: 30,
  leaf: true,
  doc: { text: 'Days.', standard: { value: '30', why: 'a month' } },
  ...part,
});
const text = 'Days.';

describe('problemsOf', () => {
  test.each<[string, Partial<Field>]>([
    ['with a default and its reason', {}],
    ['that is required', { optional: false, value: undefined, doc: { text } }],
    [
      'whose default takes words',
      { value: [{}], doc: { text, standard: { value: 'one of all', why: 'yes' } } },
    ],
    ['that is an object, whose fields have their own', { leaf: false, value: {}, doc: { text } }],
    ['that is an empty list', { value: [], doc: { text, standard: { value: 'none', why: 'yes' } } }],
  ])('finds none in a field %s', (_, part) => expect(problemsOf(field(part))).toEqual([]));

  test.each<[string, Partial<Field>, string]>([
    ['no text', { doc: { text: '', standard: { value: '30', why: 'a month' } } }, 'days has no doc comment'],
    ['no default', { doc: { text } }, 'days has no "@default value - why"'],
    [
      'no reason',
      { doc: { text, standard: { value: '30', why: '' } } },
      'days has no "@default value - why"',
    ],
    [
      'another default than the schema',
      { value: 31 },
      'days has the default 31, but its doc comment says 30',
    ],
    [
      'no default of an object that may be absent',
      { leaf: false, value: undefined, doc: { text } },
      'days has no "@default value - why"',
    ],
  ])('finds %s', (_, part, problem) => expect(problemsOf(field(part))).toEqual([problem]));
});
