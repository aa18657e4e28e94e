import type { z } from 'zod';

type RawIssue = z.core.$ZodRawIssue;

const units: Readonly<Record<string, string>> = {
  string: ' characters',
  array: ' entries',
  record: ' entries',
};
const types: Readonly<Record<string, string>> = {
  string: 'text',
  object: 'an object',
  record: 'an object',
  array: 'a list',
  int: 'a whole number',
  number: 'a number',
  boolean: 'true or false',
};

const keysOf = (schema: unknown): readonly string[] =>
  Object.keys((schema as { shape?: Record<string, unknown> } | undefined)?.shape ?? {});

/** What zod's own checks allow, in words. Schemas with a message of their own are not asked here. */
export const allowed = (issue: RawIssue): string => {
  switch (issue.code) {
    case 'invalid_type':
      return `expected ${types[issue.expected] ?? issue.expected}`;
    case 'invalid_value':
      return `expected ${issue.values.length > 1 ? 'one of ' : ''}${issue.values.join(', ')}`;
    case 'invalid_union':
      return `expected one of ${(issue.options as unknown[] | undefined)?.join(', ')}`;
    case 'too_small':
      return `expected ${issue.inclusive ? 'at least' : 'more than'} ${issue.minimum}${units[issue.origin] ?? ''}`;
    case 'too_big':
      return `expected ${issue.inclusive ? 'at most' : 'less than'} ${issue.maximum}${units[issue.origin] ?? ''}`;
    case 'unrecognized_keys':
      return `expected only ${keysOf(issue.inst).join(', ')}`;
    case 'invalid_format':
      return typeof issue['prefix'] === 'string'
        ? `expected text that starts with ${issue['prefix']}`
        : `expected a valid ${issue.format}`;
    default:
      return 'expected another value';
  }
};
