import { exitCodes, type ExitCode } from '../contract/exit-codes.ts';
import { archiveFailures } from './failures/archive.ts';
import { consoleFailures } from './failures/console.ts';
import type { Failure } from './failures/failure.ts';
import { restoreFailures } from './failures/restore.ts';
import { logFailures } from './failures/log.ts';
import { runFailures } from './failures/run.ts';
import { sourceFailures } from './failures/source.ts';
import { storeFailures } from './failures/store.ts';
import { usageFailures } from './failures/usage.ts';

/** Every failure a user can meet, by its stable code; docs/reference/errors.md is made from it. */
export const failures = {
  ...usageFailures,
  ...sourceFailures,
  ...storeFailures,
  ...archiveFailures,
  ...restoreFailures,
  ...logFailures,
  ...runFailures,
  ...consoleFailures,
} as const;

export type FailureCode = keyof typeof failures;

/** What is none of these: a defect of the program, shown under the code `unexpected`. */
export const unexpected = {
  exit: exitCodes.unexpected,
  retryable: false,
  meaning: 'The program met something that it was not written for.',
  hint: 'this is a defect: please report it',
  action:
    'Report it with the message, the version and the command. `LOG_LEVEL=DEBUG` adds where in the program it happened.',
} as const satisfies Failure;

/** A failure out of the table above. The message is lower case, says what was found, and holds no secret. */
export class BackupError extends Error {
  readonly code: FailureCode;

  constructor(code: FailureCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'BackupError';
    this.code = code;
  }

  get exitCode(): ExitCode {
    return failures[this.code].exit;
  }

  get retryable(): boolean {
    return failures[this.code].retryable;
  }

  get hint(): string {
    return failures[this.code].hint;
  }
}

export const isBackupError = (error: unknown, code?: FailureCode): error is BackupError =>
  error instanceof BackupError && (code === undefined || error.code === code);

/** Message of anything that was thrown. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
