import type { z } from 'zod';

/** Edits that turn one text into the other (Levenshtein), two rows at a time. */
const distance = (a: string, b: string): number =>
  [...a]
    .reduce(
      (above, letter, row) =>
        [...b].reduce<number[]>(
          (line, other, column) => {
            const [replaced = Infinity, removed = Infinity] = above.slice(column);
            const inserted = line[column] ?? Infinity;
            return [...line, Math.min(removed + 1, inserted + 1, replaced + (letter === other ? 0 : 1))];
          },
          [row + 1],
        ),
      Array.from({ length: b.length + 1 }, (_, index) => index),
    )
    .at(-1) ?? Infinity;

const nearest = (word: string, candidates: readonly string[]): string | undefined =>
  candidates
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= Math.max(1, word.length / 3))
    .sort((a, b) => a.edits - b.edits)[0]?.candidate;

/** `did you mean days?`, if one of the candidates is close. */
export const didYouMean = (word: unknown, candidates: readonly unknown[]): string | undefined => {
  const meant = typeof word === 'string' ? nearest(word, candidates.map(String)) : undefined;
  return meant && `did you mean ${meant}?`;
};

/** Text that YAML would read as a number or boolean, were it not in quotes. */
const plainScalar = /^(true|false|-?\d+(\.\d+)?)$/;

/** What the reader can do about a value, where that says more than what is allowed. */
export const hintFor = (issue: z.core.$ZodIssue, found: unknown): string | undefined => {
  if (issue.code === 'custom') return issue.params?.['hint'] as string | undefined;
  if (found === undefined) return 'add it';
  if (issue.code === 'invalid_value') return didYouMean(found, issue.values);
  if (issue.code === 'invalid_union' && 'options' in issue) return didYouMean(found, issue.options ?? []);
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.expected === 'string' && typeof found !== 'object') return 'put it in quotes';
  return typeof found === 'string' && plainScalar.test(found) ? 'write it without quotes' : undefined;
};
