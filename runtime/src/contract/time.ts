/** A day, for what counts in seconds; core/units.ts has it in milliseconds. */
export const daySeconds = 86_400;

export const hourSeconds = 3600;
