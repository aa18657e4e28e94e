import { describe, expect, test } from '@jest/globals';
import { exitCodeTable, failureSections } from '../../../../scripts/docs/errors.ts';
import { exitCodes } from '../../../../runtime/src/contract/exit-codes.ts';
import { failures, unexpected } from '../../../../runtime/src/core/errors.ts';
import type { Failure } from '../../../../runtime/src/core/failures/failure.ts';

const toy = {
  exit: exitCodes.store,
  retryable: true,
  meaning: 'A toy broke.',
  hint: 'take <another> toy',
  action: 'Glue it: docs/how-to/restore.md.',
} as const;

describe('the reference of errors', () => {
  test('has a section for every code, a new one too', () => {
    const sections = failureSections({ ...failures, 'toy.broken': toy, unexpected });
    expect(sections.match(/(?<=^### `).*(?=`$)/gm)).toEqual([
      ...Object.keys(failures),
      'toy.broken',
      'unexpected',
    ]);
    expect(sections).toContain(
      [
        '### `toy.broken`',
        '',
        'A toy broke.',
        '',
        '- **Exit code:** 5. Another try may succeed.',
        '- **Hint:** take \\<another\\> toy',
        '- **What to do:** Glue it: [restore](../how-to/restore.md).',
      ].join('\n'),
    );
  });

  test('has every exit code, and says of each whether a Job tries again', () => {
    const rows = exitCodeTable().split('\n').slice(2);
    expect(rows.map((row) => Number(row.split(' ')[1]))).toEqual(Object.values(exitCodes));
    expect(rows[exitCodes.ok]).toMatch(/\| {2}\|$/);
    expect(rows[exitCodes.damaged]).toMatch(/\| no \|$/);
    expect(rows[exitCodes.store]).toMatch(/\| yes \|$/);
  });
});

describe.each(Object.entries<Failure>({ ...failures, unexpected }))(
  'what is said of %s',
  (_, { meaning, hint, action }) => {
    test('is a sentence for the page, and a line for the terminal', () => {
      for (const text of [meaning, action]) expect(text).toMatch(/^[A-Z`][^\n]*\.$/);
      expect(hint).toMatch(/^[^\n`]*[^\n`.]$/);
    });
  },
);
