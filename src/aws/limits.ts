import { longestKept, shortestKept, type Bound } from './retention-bounds.ts';
import type { Rule } from './rule.ts';

/** S3 moves nothing to STANDARD_IA earlier: "Constraints and considerations for transitions" of the S3 user guide. */
const leastDaysToInfrequentAccess = 30;

const listOf = (value: unknown): readonly object[] =>
  Array.isArray(value) ? value.filter((entry: unknown) => typeof entry === 'object' && entry !== null) : [];

const least = (bounds: readonly Bound[]): Bound | undefined => bounds.toSorted((a, b) => a.days - b.days)[0];
const most = (bounds: readonly Bound[]): Bound | undefined => bounds.toSorted((a, b) => b.days - a.days)[0];

const isDays = (value: unknown): value is number => Number.isInteger(value);

/** Earlier than S3 takes it. */
export const tiering: Rule = ({ lifecycle }) => [
  lifecycle?.archiveClass === 'STANDARD_IA' &&
    lifecycle.archiveAfterDays < leastDaysToInfrequentAccess && {
      path: ['aws', 'lifecycle', 'archiveAfterDays'],
      allowed: `expected at least ${leastDaysToInfrequentAccess}, as S3 moves nothing to STANDARD_IA earlier`,
    },
];

/** Expiry that would undercut retention. */
export const expiry: Rule = ({ lifecycle, objectLock }, { retention, targets }) => {
  const { expireAfterDays, archiveAfterDays } = lifecycle ?? {};
  const bound = most([
    ...longestKept(retention, listOf(targets)),
    ...(isDays(archiveAfterDays)
      ? [{ days: archiveAfterDays + 1, what: 'aws.lifecycle.archiveAfterDays' }]
      : []),
    ...(isDays(objectLock?.days) ? [{ days: objectLock.days, what: 'aws.objectLock.days' }] : []),
  ]);
  return [
    isDays(expireAfterDays) &&
      bound &&
      expireAfterDays < bound.days && {
        path: ['aws', 'lifecycle', 'expireAfterDays'],
        allowed: `expected at least ${bound.days}, for ${bound.what}`,
        hint: 'or leave it out: retention removes archives',
      },
  ];
};

/** Object Lock that outlasts retention, or that versions do not outlast. */
export const lock: Rule = ({ lifecycle, objectLock }, { retention, targets, verification, stores }) => {
  const days = objectLock?.days;
  if (!isDays(days)) return [];
  const bound = least([
    ...shortestKept(retention, listOf(targets)),
    ...(isDays(verification?.reportDays)
      ? [{ days: verification.reportDays, what: 'verification.reportDays' }]
      : []),
  ]);
  return [
    bound &&
      days > bound.days && {
        path: ['aws', 'objectLock', 'days'],
        allowed: `expected at most ${bound.days}, the ${bound.what}: what is locked cannot be pruned`,
      },
    isDays(lifecycle?.noncurrentDays) &&
      lifecycle.noncurrentDays < days && {
        path: ['aws', 'lifecycle', 'noncurrentDays'],
        allowed: `expected at least ${days}, that of aws.objectLock.days: a locked version stays that long`,
      },
    stores?.s3?.checksums === 'when-required' && {
      path: ['stores', 's3', 'checksums'],
      allowed: 'expected when-supported, as S3 takes nothing under Object Lock without a checksum',
    },
  ];
};
