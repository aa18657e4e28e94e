import { duration, secondsOf } from '../../runtime/src/plan/duration.ts';
import { quantityValue } from '../../runtime/src/plan/quantity.ts';
import type { AwsKind } from '../aws/resource.ts';
import { awsKind } from './aws.ts';
import { isList, type FieldChange, type Grade, type Value } from './change.ts';

/** One row of the table in docs/how-to/reviewing.md. */
export interface Rule {
  readonly name: string;
  readonly grade: Grade;
  /** @default every kind */
  readonly kinds?: readonly string[];
  readonly path: RegExp;
  /** @default any change of such a field */
  readonly holds?: Condition;
  /** What may happen, for the person who decides. */
  readonly why: string;
}

type Condition = (change: FieldChange) => boolean;

/** Kinds that start pods. */
export const workloads = ['CronJob', 'Job', 'Deployment', 'StatefulSet', 'DaemonSet', 'Pod'] as const;

/** A whole object. */
export const whole = /^$/;

const plan = String.raw`^data\.plan\.json\.`;

/** A field of plan.json in ConfigMap `backup-config`. */
export const inPlan = (path: string): Pick<Rule, 'kinds' | 'path'> => ({
  kinds: ['ConfigMap'],
  path: new RegExp(plan + path),
});

/** A field of a pod, wherever its template stands. */
export const inPod = (path: string): Pick<Rule, 'kinds' | 'path'> => ({
  kinds: workloads,
  path: new RegExp(String.raw`(^|\.)spec\.` + path),
});

/** Resources of AWS. */
export const ofAws = (...kinds: readonly AwsKind[]): readonly string[] => kinds.map(awsKind);

/** A field of a container. */
export const inContainer = (path: string): Pick<Rule, 'kinds' | 'path'> =>
  inPod(String.raw`(initC|ephemeralC|c)ontainers\[[^\]]*\]\.` + path);

export const added: Condition = ({ before, after }) => before === undefined && after !== undefined;
export const removed: Condition = ({ before, after }) => before !== undefined && after === undefined;
export const replaced: Condition = ({ before, after }) => before !== undefined && after !== undefined;
/** Of what already was there: in a new object nothing can be lost. */
export const existed: Condition = ({ before }) => before !== undefined;
/** Absent, or a list without elements. */
export const emptied: Condition = ({ before, after }) =>
  before !== undefined && (after === undefined || (isList(after) && after.length === 0));
export const becomes =
  (...values: readonly Value[]): Condition =>
  ({ after }) =>
    values.includes(after as Value);
export const leaves =
  (value: Value): Condition =>
  ({ before, after }) =>
    before === value && after !== value;
export const either =
  (...conditions: readonly Condition[]): Condition =>
  (change) =>
    conditions.some((holds) => holds(change));
export const both =
  (...conditions: readonly Condition[]): Condition =>
  (change) =>
    conditions.every((holds) => holds(change));
export const not =
  (condition: Condition): Condition =>
  (change) =>
    !condition(change);

const quantity = (value: Value | undefined): number | undefined =>
  value === undefined || typeof value === 'object' ? undefined : quantityValue(String(value));

const seconds = (value: Value | undefined): number | undefined =>
  duration.safeParse(value).success ? secondsOf(value as string) : undefined;

/** After minus before, if both are numbers, quantities or durations; `30m` is minutes only beside another duration. */
const grown = ({ before, after }: FieldChange): number => {
  const differences = [quantity, seconds].map((unit) => (unit(after) ?? NaN) - (unit(before) ?? NaN));
  return differences.find((difference) => !Number.isNaN(difference)) ?? 0;
};

export const lowered: Condition = (change) => grown(change) < 0;
export const raised: Condition = (change) => grown(change) > 0;

/** From a higher to a lower place of a scale; values that are not on it count as lowered. */
export const weaker =
  (...scale: readonly Value[]): Condition =>
  ({ before, after }) =>
    before !== undefined && scale.indexOf(after as Value) < scale.indexOf(before);
