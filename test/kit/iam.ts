import type { PolicyDocument, Statement } from '../../src/aws/document.ts';

/** One request as IAM sees it. */
export interface IamRequest {
  /** ARN of who asks, or of what it assumed. */
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  /** Condition keys; absent ones are not in the request. */
  readonly context?: Readonly<Record<string, string>>;
}

const listOf = (value: string | readonly string[] = []): readonly string[] =>
  typeof value === 'string' ? [value] : value;

/** `*` and `?` as IAM has them; everything else is itself. */
const like = (pattern: string, text: string): boolean => {
  const literal = pattern.replaceAll(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${literal.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(text);
};

const anyLike = (patterns: string | readonly string[] | undefined, text: string): boolean =>
  listOf(patterns).some((pattern) => like(pattern, text));

type Test = (found: string | undefined, wanted: readonly string[]) => boolean;

const present =
  (test: (found: string, wanted: readonly string[]) => boolean): Test =>
  (found, wanted) =>
    found !== undefined && test(found, wanted);

/** "IAM JSON policy elements: Condition operators"; a negated one holds for an absent key. */
const operators: Readonly<Record<string, Test>> = {
  ArnLike: present((found, wanted) => wanted.some((pattern) => like(pattern, found))),
  Bool: present((found, wanted) => wanted.includes(found)),
  BoolIfExists: (found, wanted) => found === undefined || wanted.includes(found),
  Null: (found, wanted) => wanted.includes(String(found === undefined)),
  NumericGreaterThan: present((found, wanted) => wanted.some((number) => Number(found) > Number(number))),
  NumericLessThan: present((found, wanted) => wanted.some((number) => Number(found) < Number(number))),
  StringEquals: present((found, wanted) => wanted.includes(found)),
  StringNotEquals: (found, wanted) => found === undefined || !wanted.includes(found),
};

const holds = ({ Condition = {} }: Statement, context: Readonly<Record<string, string>>): boolean =>
  Object.entries(Condition).every(([operator, keys]) => {
    const test = operators[operator];
    if (!test) throw new Error(`no operator ${operator}`);
    return Object.entries(keys).every(([key, wanted]) => test(context[key], listOf(wanted)));
  });

/** A statement of an identity's own policy has no principal. */
const isAbout = ({ Principal }: Statement, principal: string): boolean => {
  if (Principal === undefined || Principal === '*') return true;
  return Object.values(Principal).includes(principal);
};

const matches = (statement: Statement, { principal, action, resource, context = {} }: IamRequest): boolean =>
  isAbout(statement, principal) &&
  anyLike(statement.Action, action) &&
  (statement.NotResource === undefined || !anyLike(statement.NotResource, resource)) &&
  (statement.Resource === undefined || anyLike(statement.Resource, resource)) &&
  holds(statement, context);

/** `denied by <Sid>`, `allowed by <Sid>`, or `not allowed`: a denial wins over all that allow. */
export const decide = (documents: readonly PolicyDocument[], request: IamRequest): string => {
  const found = documents.flatMap(({ Statement }) => Statement).filter((one) => matches(one, request));
  const decisive =
    found.find(({ Effect }) => Effect === 'Deny') ?? found.find(({ Effect }) => Effect === 'Allow');
  if (!decisive) return 'not allowed';
  return `${decisive.Effect === 'Deny' ? 'denied' : 'allowed'} by ${decisive.Sid}`;
};
