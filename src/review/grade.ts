import { grades, type Change, type FieldChange, type Grade, type Graded, type Identity } from './change.ts';
import { isLeaf, partsOf } from './compare.ts';
import { whole, type Rule } from './rule.ts';
import { availability } from './rules/availability.ts';
import { dataLoss } from './rules/data-loss.ts';
import { exposure } from './rules/exposure.ts';
import { harmless } from './rules/harmless.ts';

/** Every rule, worst grade first: the first that matches a field grades it. */
export const rules: readonly Rule[] = [...dataLoss, ...exposure, ...availability, ...harmless];

/** A field that no rule knows is for a person to look at, so it never passes as harmless. */
const unknown = {
  name: 'no rule covers it',
  grade: 'availability',
  why: 'read it; if it is common, give it a rule in src/review/rules',
} as const satisfies Partial<Rule>;

type Verdict = Pick<Rule, 'name' | 'grade' | 'why'>;

const ruleFor =
  ({ kind }: Identity) =>
  (change: FieldChange): Verdict | undefined =>
    rules.find(
      ({ kinds, path, holds = () => true }) =>
        (kinds?.includes(kind) ?? true) && path.test(change.path) && holds(change),
    );

const rank = (grade: Grade): number => grades.indexOf(grade);

const worst = <T extends { readonly grade: Grade }>(verdicts: readonly T[]): T | undefined =>
  verdicts.toSorted((a, b) => rank(a.grade) - rank(b.grade))[0];

/** Kinds with a rule for the whole object: it decides alone. */
const decided = ({ kind }: Identity): boolean =>
  rules.some(({ kinds, path }) => path === whole && kinds?.includes(kind));

/** In an object that is new, only what it opens counts; one that is gone opens nothing. */
const ofWhole = ({ object, ...change }: Change): readonly (Verdict | undefined)[] =>
  change.after === undefined || decided(object)
    ? []
    : partsOf(change)
        .map(ruleFor(object))
        .filter((verdict) => verdict?.grade === 'exposure');

const verdictsOf = (change: Change): readonly (Verdict | undefined)[] => {
  const find = ruleFor(change.object);
  const own = find(change);
  if (change.path === '') return [own, ...ofWhole(change)];
  if (own && own.grade !== 'harmless') return [own];
  return [own, ...partsOf(change).map((part) => find(part) ?? (isLeaf(part) && !own ? unknown : undefined))];
};

const verdictOf = (change: Change): Verdict =>
  worst(verdictsOf(change).filter((verdict) => verdict !== undefined)) ?? unknown;

/** How risky a change is: its worst part counts. */
export const graded = (change: Change): Graded => {
  const { name: rule, grade, why } = verdictOf(change);
  return { ...change, grade, rule, why };
};
