import {
  exitCodeMeanings,
  exitCodes,
  finalExitCodes,
  type ExitCode,
} from '../../runtime/src/contract/exit-codes.ts';
import { failures, unexpected } from '../../runtime/src/core/errors.ts';
import type { Failure, Failures } from '../../runtime/src/core/failures/failure.ts';
import { linked, table } from './markdown.ts';

const folder = 'docs/reference';

const isFinal = (exit: ExitCode): boolean => (finalExitCodes as readonly ExitCode[]).includes(exit);

/** Exit codes, and what a Job does with each. */
export const exitCodeTable = (): string =>
  table(
    ['exit code', 'meaning', 'a Job tries again'],
    Object.entries(exitCodes).map(([name, exit]) => [
      String(exit),
      exitCodeMeanings[name as keyof typeof exitCodes],
      exit === exitCodes.ok ? '' : isFinal(exit) ? 'no' : 'yes',
    ]),
  );

const section = ([name, failure]: [string, Failure]): string =>
  [
    `### \`${name}\``,
    '',
    linked(failure.meaning, folder),
    '',
    `- **Exit code:** ${failure.exit}. ${failure.retryable ? 'Another try may succeed.' : 'Another try does not help.'}`,
    `- **Hint:** ${linked(failure.hint.replaceAll(/[<>]/g, '\\$&'), folder)}`,
    `- **What to do:** ${linked(failure.action, folder)}`,
  ].join('\n');

/** Every failure: what it means, and what to do about it. */
export const failureSections = (table: Failures = { ...failures, unexpected }): string =>
  Object.entries(table).map(section).join('\n\n');
