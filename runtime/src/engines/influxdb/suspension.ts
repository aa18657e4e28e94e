const nanosecondsPerYear = 365n * 86_400n * 1_000_000_000n;

/**
 * Added to a retention while a restore is under way, so that nothing expires before it is proved: no point of these years is
 * that old, and what is left of a killed restore tells the retention that was meant. In nanoseconds.
 */
const suspension = 250n * nanosecondsPerYear;

/** The longest retention that servers store: 64 bits of nanoseconds. */
const longest = 2n ** 63n - 1n;

/** A retention in nanoseconds, 0 for ever → one that takes nothing meanwhile. */
export const suspended = (retention: bigint): bigint =>
  retention === 0n || retention + suspension > longest ? retention : retention + suspension;

/** The retention that `suspended` was given; undefined where the given one was not suspended. */
export const resumed = (retention: bigint): bigint | undefined =>
  retention > suspension ? retention - suspension : undefined;
