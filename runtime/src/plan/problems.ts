import type { z } from 'zod';
import { BackupError } from '../core/errors.ts';
import { allowed } from './allowed.ts';
import { didYouMean, hintFor } from './hints.ts';

type Path = readonly PropertyKey[];

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
  return typeof value === 'string' ? quote(value) : `${value as number | boolean}`;
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
  `${path}: found ${found}, ${allowed}${hint ? ` (${hint})` : ''}`;

/** Several problems as one message: a headline, then one line each. */
export const report = (subject: string, problems: readonly Problem[]): string =>
  [
    `${subject} has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}:`,
    ...problems.map((problem) => `  ${line(problem)}`),
  ].join('\n');

/** Parses `input`, or says all that is wrong with it: a line per problem, `<path>: found …, expected … (hint)`. */
export const parseOrProblems = <Schema extends z.ZodType>(
  schema: Schema,
  input: unknown,
): { readonly data?: z.output<Schema>; readonly problems: readonly string[] } => {
  const result = schema.safeParse(input, { error: allowed });
  if (result.success) return { data: result.data, problems: [] };
  const problems = result.error.issues.flatMap(problemsOf(input, () => undefined));
  return { problems: problems.map(line) };
};

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
