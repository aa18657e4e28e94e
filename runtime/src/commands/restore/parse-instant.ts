import { BackupError } from '../../core/errors.ts';
import { parseTime } from '../../core/times.ts';
import type { LogTarget } from '../../engines/engine-base.ts';

/** Something of the database's own; it says whether it is one. */
const positionPattern = /^[\w./-]{1,64}$/;

/**
 * What --to and --before-xid ask for; undefined where neither is given.
 * @throws BackupError usage.invalid
 */
export const parseInstant = (
  to: string | undefined,
  beforeXid: string | undefined,
): LogTarget | undefined => {
  if (beforeXid !== undefined) return { beforeTransaction: beforeXid };
  if (to === undefined || to === 'latest') return to;
  const time = parseTime(to);
  if (time) return { time };
  if (positionPattern.test(to) && !/^\d{4}-/.test(to)) return { position: to };
  throw new BackupError(
    'usage.invalid',
    `--to ${JSON.stringify(to)}: expected a time such as 2026-11-28 03:14:00, a position, or latest`,
  );
};
