/** How risky a change is, worst first. */
export const grades = ['data-loss', 'exposure', 'availability', 'harmless'] as const;

export type Grade = (typeof grades)[number];

/** Plain data as YAML carries it. */
export type Value = string | number | boolean | null | readonly Value[] | Tree;
export interface Tree {
  readonly [key: string]: Value;
}

/** What stays the same while an object changes. */
export interface Identity {
  readonly environment: string;
  readonly apiVersion: string;
  readonly kind: string;
  /** Empty for what has none. */
  readonly namespace: string;
  readonly name: string;
}

/** One field that differs. Nothing before: added. Nothing after: removed. */
export interface FieldChange {
  /** `spec.schedule`, `containers[backup].image`, `verbs[]` for an element of a list; empty for a whole object. */
  readonly path: string;
  readonly before?: Value | undefined;
  readonly after?: Value | undefined;
}

export interface Change extends FieldChange {
  readonly object: Identity;
}

/** A change with the rule that graded it. */
export interface Graded extends Change {
  readonly grade: Grade;
  /** Name of the rule. */
  readonly rule: string;
  readonly why: string;
}

export const isList = (value: Value | undefined): value is readonly Value[] => Array.isArray(value);

export const isTree = (value: Value | undefined): value is Tree =>
  typeof value === 'object' && value !== null && !isList(value);
