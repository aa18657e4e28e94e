import type { z } from 'zod';
import { BackupError } from '../core/errors.ts';

type Path = readonly PropertyKey[];
type RawIssue = z.core.$ZodRawIssue;

/** One value that is not what it has to be. */
export interface Problem {
  /** `targets[0].schedule`, or the name of the environment variable that set the value. */
  readonly path: string;
  readonly found: string;
  readonly allowed: string;
  readonly hint?: string | undefined;
}

/** Where the value at a path was set, if not in the file that is parsed. */
export type Origin = (path: string) => { readonly name: string; readonly value: unknown } | undefined;

/** `['targets', 0, 'name']` → `targets[0].name`. */
export const pathText = (path: Path): string =>
  path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text ? `${text}.${String(key)}` : String(key);
  }, '');

const valueAt = (input: unknown, path: Path): unknown =>
  path.reduce<unknown>(
    (value, key) => (value as Record<PropertyKey, unknown> | null | undefined)?.[key],
    input,
  );

/** Somebody may have put a secret where none belongs; it must not reach a log by way of this message. */
const holdsSecret = /pass(word|phrase)|token|secret(access)?key|accesskey|private|webhook.?url/i;
const longestQuote = 80;

const quote = (text: string): string => {
  const masked = text.replaceAll(/[^\s/]*:[^\s@]*@/g, '…@');
  return JSON.stringify(masked.length > longestQuote ? `${masked.slice(0, longestQuote)}…` : masked);
};

const describe = (name: string, value: unknown): string => {
  if (value === undefined) return 'nothing';
  if (value === null) return 'an empty value';
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === 'object') return 'an object';
  if (holdsSecret.test(name)) return 'a value that is not shown';
  return typeof value === 'string' ? quote(value) : String(value);
};

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
const allowed = (issue: RawIssue): string => {
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
      return issue['prefix']
        ? `expected text that starts with ${String(issue['prefix'])}`
        : `expected a valid ${issue.format}`;
    default:
      return 'expected another value';
  }
};

/** Edits that turn one text into the other (Levenshtein), two rows at a time. */
const distance = (a: string, b: string): number =>
  [...a].reduce(
    (above, letter, row) =>
      [...b].reduce<number[]>(
        (line, other, column) => [
          ...line,
          Math.min(above[column + 1]! + 1, line[column]! + 1, above[column]! + (letter === other ? 0 : 1)),
        ],
        [row + 1],
      ),
    Array.from({ length: b.length + 1 }, (_, index) => index),
  )[b.length]!;

const nearest = (word: string, candidates: readonly string[]): string | undefined =>
  candidates
    .map((candidate) => ({ candidate, edits: distance(word.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ edits }) => edits <= Math.max(1, word.length / 3))
    .sort((a, b) => a.edits - b.edits)[0]?.candidate;

const didYouMean = (word: unknown, candidates: readonly unknown[]): string | undefined => {
  const meant = typeof word === 'string' ? nearest(word, candidates.map(String)) : undefined;
  return meant && `did you mean ${meant}?`;
};

/** Text that YAML would read as a number or boolean, were it not in quotes. */
const plainScalar = /^(true|false|-?\d+(\.\d+)?)$/;

const hintFor = (issue: z.core.$ZodIssue, found: unknown): string | undefined => {
  if (issue.code === 'custom') return issue.params?.['hint'] as string | undefined;
  if (found === undefined) return 'add it';
  if (issue.code === 'invalid_value') return didYouMean(found, issue.values);
  if (issue.code === 'invalid_union' && 'options' in issue) return didYouMean(found, issue.options ?? []);
  if (issue.code !== 'invalid_type') return undefined;
  if (issue.expected === 'string' && typeof found !== 'object') return 'put it in quotes';
  return typeof found === 'string' && plainScalar.test(found) ? 'write it without quotes' : undefined;
};

const unknownKeys = (issue: z.core.$ZodIssueUnrecognizedKeys): readonly Problem[] =>
  issue.keys.map((key) => ({
    path: pathText([...issue.path, key]),
    found: 'an unknown key',
    allowed: issue.message,
    hint: didYouMean(key, issue.message.replace('expected only ', '').split(', ')) ?? 'remove it',
  }));

const problemsOf =
  (input: unknown, origin: Origin) =>
  (issue: z.core.$ZodIssue): readonly Problem[] => {
    if (issue.code === 'unrecognized_keys') return unknownKeys(issue);
    const path = pathText(issue.path);
    const source = origin(path);
    const found = source ? source.value : valueAt(input, issue.path);
    return [
      {
        path: source?.name ?? (path || 'everything'),
        found: describe(path, found),
        allowed: issue.code === 'invalid_key' ? (issue.issues[0]?.message ?? issue.message) : issue.message,
        hint: source ? undefined : hintFor(issue, found),
      },
    ];
  };

const line = ({ path, found, allowed, hint }: Problem): string =>
  `  ${path}: found ${found}, ${allowed}${hint ? ` (${hint})` : ''}`;

/** Several problems as one message: a headline, then one line each. */
export const report = (subject: string, problems: readonly Problem[]): string =>
  [
    `${subject} has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:`,
    ...problems.map(line),
  ].join('\n');

/**
 * Parses `input`, or reports all that is wrong with it at once.
 * @param subject what is parsed, for the headline: `plan`, `Pulumi.dev.yaml`
 * @throws BackupError plan.invalid
 */
export const parseAll = <T>(
  subject: string,
  schema: z.ZodType<T>,
  input: unknown,
  origin: Origin = () => undefined,
): T => {
  const result = schema.safeParse(input, { error: allowed });
  if (result.success) return result.data;
  throw new BackupError(
    'plan.invalid',
    report(subject, result.error.issues.flatMap(problemsOf(input, origin))),
  );
};
