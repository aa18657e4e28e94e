import { daySeconds } from '../../contract/time.ts';

const nanosecondsPerSecond = 1_000_000_000n;
const nanosecondsPerMinute = 60n * nanosecondsPerSecond;
const nanosecondsPerYear = 365n * BigInt(daySeconds) * nanosecondsPerSecond;

/** Odd seconds, which tell a suspended retention from one that somebody chose: those are whole minutes. */
const mark = 2473n * nanosecondsPerSecond;

/**
 * Added to a retention while a restore is under way, so that nothing expires before it is proved: no point of these years is
 * that old, and what is left of a killed restore tells the retention that was meant. In nanoseconds.
 */
const suspension = 250n * nanosecondsPerYear + mark;

/** The longest retention that servers store: 64 bits of nanoseconds. */
const longest = 2n ** 63n - 1n;

/** Whole minutes, so that the mark shows; others are as good as unknown, and stay in force. */
const canWait = (retention: bigint): boolean =>
  retention > 0n && retention % nanosecondsPerMinute === 0n && retention + suspension <= longest;

/** A retention in nanoseconds, 0 for ever → one that takes nothing meanwhile. */
export const suspended = (retention: bigint): bigint =>
  canWait(retention) ? retention + suspension : retention;

/** The retention that `suspended` was given; undefined where the given one was not suspended. */
export const resumed = (retention: bigint): bigint | undefined =>
  canWait(retention - suspension) ? retention - suspension : undefined;
