import { z } from 'zod';
import { dayMs, hourMs } from '../core/units.ts';
import { isRegular } from '../archives/facts.ts';
import { tiers, type Tier } from '../archives/layout.ts';

/** How many archives of each tier are kept. */
export const retentionPolicy = z.strictObject({
  /** Hours that an archive between the nights is kept. @default 48 - any hour of yesterday */
  hours: z.int().min(1).max(744).default(48),
  /** Days that a daily archive is kept. @default 30 - any day of the last month */
  days: z.int().min(1).max(3650).default(30),
  /** Number of weekly archives that are kept; 0 makes none. @default 4 - a month of Sundays */
  weekly: z.int().min(0).max(520).default(4),
  /** Number of monthly archives that are kept; 0 makes none. @default 12 - a year */
  monthly: z.int().min(0).max(120).default(12),
  /**
   * Largest share of a tier's archives that one run removes, at least one: a wrong clock or a wrong number in the plan
   * must not empty a store at once. `prune --force` lifts it. @default 0.5 - more than any tier loses in a day
   */
  maxShare: z.number().gt(0).max(1).default(0.5),
});

export type RetentionPolicy = z.output<typeof retentionPolicy>;

/** What the decision needs to know of an archive. */
export interface Candidate {
  readonly key: string;
  readonly tier: Tier;
  readonly startedAt: Date;
  /** True if a deep verification or a drill succeeded. */
  readonly verified: boolean;
}

/** Keep or remove, and why. */
export interface Decision {
  readonly key: string;
  readonly keep: boolean;
  readonly reason: string;
}

const newestFirst = (a: Candidate, b: Candidate): number => b.startedAt.getTime() - a.startedAt.getTime();

/** The first of those that began last. */
const newest = (candidates: readonly Candidate[]): Candidate | undefined =>
  candidates.reduce<Candidate | undefined>(
    (last, each) => (last && newestFirst(each, last) >= 0 ? last : each),
    undefined,
  );

const byAge = (days: number, now: Date, candidate: Candidate): Decision => {
  const age = Math.floor((now.getTime() - candidate.startedAt.getTime()) / dayMs);
  const keep = age < days;
  return { key: candidate.key, keep, reason: `${age} days old, ${candidate.tier} kept for ${days} days` };
};

const byHours = (hours: number, now: Date, { key, startedAt }: Candidate): Decision => {
  const age = Math.floor((now.getTime() - startedAt.getTime()) / hourMs);
  return { key, keep: age < hours, reason: `${age} hours old, hourly kept for ${hours} hours` };
};

const byRank = (limit: number, rank: number, { key, tier }: Candidate): Decision => ({
  key,
  keep: rank <= limit,
  reason: `${tier} number ${rank}, ${limit} are kept`,
});

/** Places of the weekly and of the monthly archives among their like, from 1 on for the newest. */
const ranksOf = (candidates: readonly Candidate[]): ReadonlyMap<Candidate, number> => {
  const rankIn = (tier: Tier) =>
    candidates
      .filter((candidate) => candidate.tier === tier)
      .toSorted(newestFirst)
      .map((candidate, index) => [candidate, index + 1] as const);
  return new Map((['weekly', 'monthly'] as const).flatMap(rankIn));
};

const byTier = (
  ranks: ReadonlyMap<Candidate, number>,
  policy: RetentionPolicy,
  now: Date,
  candidate: Candidate,
): Decision => {
  const { tier } = candidate;
  if (tier === 'hourly') return byHours(policy.hours, now, candidate);
  if (tier === 'daily' || tier === 'safety') return byAge(policy.days, now, candidate);
  return byRank(policy[tier], ranks.get(candidate) ?? NaN, candidate);
};

/** What each archive's age and rank say; the newest archive and the newest verified one stay in any case. */
const decideEach = (
  candidates: readonly Candidate[],
  policy: RetentionPolicy,
  now: Date,
): readonly Decision[] => {
  const regular = candidates.filter(isRegular);
  const last = newest(regular);
  const lastVerified = newest(regular.filter(({ verified }) => verified));
  const ranks = ranksOf(candidates);
  return candidates.map((candidate) => {
    const decision = byTier(ranks, policy, now, candidate);
    if (decision.keep) return decision;
    if (candidate === last) return { ...decision, keep: true, reason: 'the newest archive' };
    if (candidate === lastVerified) return { ...decision, keep: true, reason: 'the newest verified archive' };
    return decision;
  });
};

const keepAll = (decisions: readonly Decision[], reason: string): readonly Decision[] =>
  decisions.map((decision) => (decision.keep ? decision : { ...decision, keep: true, reason }));

/** Archives of a tier that one run may remove. */
const limitOf = (total: number, { maxShare }: RetentionPolicy): number =>
  Math.max(1, Math.floor(total * maxShare));

/** The oldest go first; what is beyond a tier's share goes with a later run. */
const withinShare = (
  candidates: readonly Candidate[],
  decisions: readonly Decision[],
  policy: RetentionPolicy,
): readonly Decision[] => {
  const postponed = new Set<number>();
  const indexed = candidates.map((candidate, index) => ({ ...candidate, index }));
  for (const tier of tiers) {
    const ofTier = indexed.filter((candidate) => candidate.tier === tier);
    ofTier
      .filter(({ index }) => decisions[index]?.keep === false)
      .toSorted((a, b) => newestFirst(b, a))
      .slice(limitOf(ofTier.length, policy))
      .forEach(({ index }) => postponed.add(index));
  }
  const share = `${Math.round(policy.maxShare * 100)} %`;
  return decisions.map((decision, index) =>
    postponed.has(index)
      ? {
          ...decision,
          keep: true,
          reason: `${decision.reason}; kept for now, one run removes ${share} of a tier at most`,
        }
      : decision,
  );
};

/** Circumstances of a decision. */
export interface Circumstances {
  /** Why nothing is to be removed now, where the latest backup failed: what is there may be all there will be. */
  readonly frozen?: string | undefined;
  /** True lifts the freeze and the share, for a full store or a shortened policy; the newest archives stay even so. */
  readonly force: boolean;
}

/**
 * Which archives of one target and store to keep. Pure. Never removes the newest archive nor the newest verified one;
 * unless forced, also nothing while frozen, and no more of a tier than the policy's share.
 * @param candidates in any order
 * @returns one decision per candidate, in the same order
 */
export const decideRetention = (
  candidates: readonly Candidate[],
  policy: RetentionPolicy,
  now: Date,
  { frozen, force }: Circumstances = { force: false },
): readonly Decision[] => {
  const decisions = decideEach(candidates, policy, now);
  if (force) return decisions;
  return frozen === undefined ? withinShare(candidates, decisions, policy) : keepAll(decisions, frozen);
};

/** Start of the week (Sunday) or month that `time` lies in, UTC: a tier's copy is due once per period. */
const periodStart = (tier: 'weekly' | 'monthly', time: Date): Date =>
  tier === 'weekly'
    ? new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), time.getUTCDate() - time.getUTCDay()))
    : new Date(Date.UTC(time.getUTCFullYear(), time.getUTCMonth(), 1));

/** Tiers of which this period has no archive yet, so that a run at `now` makes a copy for each. */
export const tiersDue = (
  candidates: readonly Candidate[],
  policy: RetentionPolicy,
  now: Date,
): readonly ('weekly' | 'monthly')[] =>
  (['weekly', 'monthly'] as const).filter(
    (tier) =>
      policy[tier] > 0 &&
      !candidates.some(
        (candidate) => candidate.tier === tier && candidate.startedAt >= periodStart(tier, now),
      ),
  );
