import type { ExitCode } from '../../contract/exit-codes.ts';

/** What the product says of one kind of failure: the program prints the hint, docs/reference/errors.md has the rest. */
export interface Failure {
  readonly exit: ExitCode;
  /** True: another try of the same run may succeed. */
  readonly retryable: boolean;
  /** What happened, as a sentence of Markdown. */
  readonly meaning: string;
  /** What the reader can do next, as a line without Markdown: printed with the message, and sent with notifications. */
  readonly hint: string;
  /** What to do where the hint is not enough, as sentences of Markdown. */
  readonly action: string;
}

export type Failures = Readonly<Record<string, Failure>>;
