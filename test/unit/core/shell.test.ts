import { execFileSync } from 'node:child_process';
import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { printableLine } from '../../../runtime/src/core/printable.ts';
import { shell } from '../../../runtime/src/core/shell.ts';

const snippets = [
  "'",
  '"',
  '$(touch x)',
  '`id`',
  ';',
  '|',
  '\\',
  '%s',
  '\n',
  '\r',
  '\u001b[2J',
  '\u202e',
  '\u009b',
  '7',
  'ü🔥',
];

test('a word for a shell is one printable line, and the shell reads the text itself', () => {
  const text = fc.array(fc.oneof(fc.constantFrom(...snippets), fc.string()), { maxLength: 6 });
  const words = fc
    .sample(text, { numRuns: 200, seed: 11 })
    .map((parts) => `${parts.join('').replaceAll('\0', '')}.`);
  for (const word of words) expect(printableLine(shell(word))).toBe(shell(word));
  const script = words.map((word) => `printf '%s\\000' ${shell(word)}`).join('\n');
  expect(execFileSync('/bin/sh', ['-c', script]).toString()).toBe(words.map((word) => `${word}\0`).join(''));
});
