import type { Facts } from './facts.ts';

/** `refused`: it does not work so. `risk`: it works, and somebody will be sorry. */
export type Grade = 'refused' | 'risk';

export interface Finding {
  readonly grade: Grade;
  /** What it is about: `Secret postgresql-secret`. */
  readonly object: string;
  /** What was found, and what comes of it. */
  readonly problem: string;
  /** What to do: a command, or a field of Pulumi.<env>.yaml. */
  readonly action: string;
}

export interface Trouble extends Finding {
  /** Name of the check that found it. */
  readonly check: string;
}

/** Judges facts; what could not be seen is passed over, as `rights` tells of it. */
export type Check = (facts: Facts) => readonly Finding[];

export const refused = (object: string, problem: string, action: string): Finding => ({
  grade: 'refused',
  object,
  problem,
  action,
});

export const risk = (object: string, problem: string, action: string): Finding => ({
  grade: 'risk',
  object,
  problem,
  action,
});
