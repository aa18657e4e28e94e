import { BackupError } from '../../../core/errors.ts';
import type { BaseFacts, LogReader, LogTarget } from '../../engine-base.ts';
import { formatPosition } from '../replication/positions.ts';

/** For people: how far a log goes. */
export const endOf = ({ end, endTime }: LogReader): string =>
  `the stored log ends at ${endTime.toISOString()}, ${formatPosition(end)}`;

/** @throws BackupError log.unreached where the stored log does not go as far */
export const assertReachable = (log: LogReader, until: LogTarget, facts: BaseFacts): void => {
  if (log.end < facts.end)
    throw new BackupError(
      'log.unreached',
      `the base is whole at ${formatPosition(facts.end)} only; ${endOf(log)}`,
    );
  if (until !== 'latest' && 'time' in until && until.time > log.endTime)
    throw new BackupError('log.unreached', `${until.time.toISOString()} is not reached; ${endOf(log)}`);
};

/** What a recovery that stopped before its target means. */
export const notReached = (log: LogReader, until: LogTarget): BackupError =>
  new BackupError(
    'log.unreached',
    until !== 'latest' && 'beforeTransaction' in until
      ? `transaction ${until.beforeTransaction} did not end in the log; ${endOf(log)}`
      : `the log does not reach the target; ${endOf(log)}`,
  );
