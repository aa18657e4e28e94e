const units = { h: 3600n, m: 60n, s: 1n } as const;
const perSecond = 1_000_000_000n;

/** `720h0m0s`, as servers write it → nanoseconds; they store whole seconds at least, and `0s` for ever. */
export const parseDuration = (text: string): bigint =>
  [...text.matchAll(/(\d+)([hms])/g)].reduce(
    (sum, [, count = '0', unit]) => sum + BigInt(count) * units[unit as keyof typeof units] * perSecond,
    0n,
  );

/** Nanoseconds → a literal of InfluxQL; `0s` is for ever. */
export const durationLiteral = (duration: bigint): string => `${duration / perSecond}s`;

/** Nanoseconds → text for people: `30d`, `36h`, `for ever`. */
export const durationText = (duration: bigint): string => {
  const hours = duration / (units.h * perSecond);
  if (duration === 0n) return 'forever';
  return hours % 24n === 0n ? `${hours / 24n}d` : hours === 0n ? durationLiteral(duration) : `${hours}h`;
};
