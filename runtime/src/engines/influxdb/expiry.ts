import { durationText } from './duration.ts';
import { nanoseconds, timeText, type Group } from './intervals.ts';

/** Shard groups of one retention policy or bucket, as they are in the state that stays. */
export interface Kept {
  /** `retention policy month of database grill`, `bucket month`. */
  readonly what: string;
  /** In nanoseconds, 0 for ever. */
  readonly retention: bigint;
  readonly groups: readonly Group[];
}

/**
 * What the server is going to drop of restored data, in words: what is past its retention goes at the server's next check
 * (every 30 minutes by default), the rest as it ages. Nothing where all is kept for ever.
 */
export const expiryNotes = ({ what, retention, groups }: Kept, now: Date): readonly string[] => {
  if (retention === 0n) return [];
  const instant = BigInt(now.getTime()) * 1_000_000n;
  const past = groups.filter(({ end }) => nanoseconds(end) + retention < instant);
  if (past.length === 0) return [];
  const until = past.map(({ end }) => nanoseconds(end)).reduce((a, b) => (a > b ? a : b));
  return [
    `${what} keeps its points for ${durationText(retention)}: those before ${timeText(until)} were restored and found equal, ` +
      `and expire at the server's next check of retention (every 30 minutes by default); --only with --into keeps them`,
  ];
};
