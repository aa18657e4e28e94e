/** A number below the given one. */
export type Random = (below: number) => number;

/** A generator that a seed fixes, so that a failure can be repeated (Marsaglia's xorshift32). */
export const randomFrom = (seed: number): Random => {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
};

export const pick = <T>(random: Random, values: readonly T[]): T => values[random(values.length)]!;
