import { BackupError } from '../../core/errors.ts';
import type { LogTarget } from '../../engines/engine-base.ts';

/** `2026-11-28`, `2026-11-28 03:14`, `2026-11-28T03:14:00.5Z`, `… 03:14:00+01:00`; UTC where no zone is named. */
const timePattern =
  /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d(?:\.\d{1,6})?))?)? ?(Z|UTC|[+-]\d\d:?\d\d)?$/;

const parseTime = (text: string): Date | undefined => {
  const [, day, minute = '00:00', second = '00', zone = 'Z'] = timePattern.exec(text) ?? [];
  if (day === undefined) return undefined;
  const time = new Date(`${day}T${minute}:${second}${zone === 'UTC' ? 'Z' : zone}`);
  return Number.isNaN(time.getTime()) ? undefined : time;
};

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
