/** Exit codes of every command; Jobs, scripts and podFailurePolicy rely on them. */
export const exitCodes = {
  ok: 0,
  unexpected: 1,
  usage: 2,
  source: 3,
  dump: 4,
  store: 5,
  damaged: 6,
  restore: 7,
  verification: 8,
  locked: 9,
} as const;

export type ExitCode = (typeof exitCodes)[keyof typeof exitCodes];

/** Codes that another try of the same run cannot change; a Job that ends with one is not tried again. */
export const finalExitCodes = [
  exitCodes.usage,
  exitCodes.damaged,
  exitCodes.restore,
  exitCodes.verification,
] as const;
