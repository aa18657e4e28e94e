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

export type ExitCodeName = keyof typeof exitCodes;

/** What each means to the one who started the command, as a sentence without its end. */
export const exitCodeMeanings = {
  ok: 'The command did what it was asked to do',
  unexpected: 'The run was stopped, or met a defect',
  usage: 'The command, the plan or a secret is not valid; nothing was begun',
  source: 'The database is unreachable, refused, or is not supported',
  dump: 'The dump failed; no archive was committed',
  store: 'The store failed, refused, or is full',
  damaged: 'The archive is damaged, altered, from elsewhere, or of another key; nothing was restored from it',
  restore: 'The restore failed or was refused',
  verification: 'A verification, drill, check or the audit trail shows a problem',
  locked: 'Another run works on the target',
} as const satisfies Record<ExitCodeName, string>;

export type ExitCode = (typeof exitCodes)[ExitCodeName];

/** Codes that another try of the same run cannot change; a Job that ends with one is not tried again. */
export const finalExitCodes = [
  exitCodes.usage,
  exitCodes.damaged,
  exitCodes.restore,
  exitCodes.verification,
] as const;
