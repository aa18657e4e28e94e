/** PostgreSQL counts from the year 2000. */
const epoch2000 = Date.UTC(2000, 0, 1);

/** Microseconds of the server → milliseconds of this program. */
export const millisecondsOf = (at: bigint): number => epoch2000 + Number(at / 1000n);

/** A time as the server has it. */
export const microsecondsOf = (time: Date): bigint => BigInt(time.getTime() - epoch2000) * 1000n;

/** `2026-11-28T03:14:00.123456Z` */
export const timeText = (at: bigint): string => {
  const micros = String(at % 1000n).padStart(3, '0');
  return new Date(millisecondsOf(at)).toISOString().replace('Z', `${micros}Z`);
};
