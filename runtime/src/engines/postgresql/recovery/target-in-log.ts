import type { LogReader, LogTarget } from '../../engine-base.ts';
import { parsePosition } from '../replication/positions.ts';
import { endingOf } from '../search/ending.ts';
import { pageCutter, readForm, recordReader, type RawRecord } from '../search/pages.ts';
import { parseRecord } from '../search/record.ts';
import { microsecondsOf } from '../timestamps.ts';

/**
 * Whether a server that replays a log comes to its target. `end`: it is known to be in the log, but nothing follows it that would make
 * the server stop, which then ends with an error of its own; `missing`: a transaction that did not end in it.
 */
export type Arrival = 'reached' | 'end' | 'missing';

/** Whether PostgreSQL stops at a record (recoveryStopsBefore and recoveryStopsAfter of its xlogrecovery.c). */
const stopsAt = (until: LogTarget, major: number): ((raw: RawRecord) => boolean) => {
  if (until === 'latest') return () => true;
  if ('position' in until || 'beforePosition' in until) {
    const position = parsePosition('position' in until ? until.position : until.beforePosition) ?? 0n;
    return (raw) => raw.position >= position;
  }
  const isEnd =
    'time' in until
      ? (at: bigint) => at > microsecondsOf(until.time)
      : (_: bigint, transaction: number) => `${transaction}` === until.beforeTransaction;
  return (raw) => {
    const record = parseRecord(raw);
    const ending = record && endingOf(record, major);
    return ending !== undefined && isEnd(ending.at, ending.transaction);
  };
};

/** Looks for the target in a log while somebody else reads it, once and from the head of one of its files on. */
export const watchFor = (until: LogTarget, log: LogReader, major: number) => {
  const stops = stopsAt(until, major);
  let isReached = false;
  async function* watched(from: bigint): AsyncGenerator<Buffer> {
    let look: ReturnType<typeof openLook> | undefined;
    for await (const bytes of log.read(from)) {
      look ??= openLook(bytes, from);
      isReached ||= look.in(bytes);
      yield bytes;
    }
    isReached ||= look?.atEnd() ?? false;
  }
  const openLook = (head: Buffer, from: bigint) => {
    const form = readForm(head, from);
    const cut = pageCutter(form.pageBytes, from);
    const take = recordReader(form);
    const isIn = ({ page, address }: ReturnType<typeof cut.last>): boolean => take(page, address).some(stops);
    return { in: (bytes: Buffer): boolean => cut(bytes).some(isIn), atEnd: () => isIn(cut.last()) };
  };
  const arrival = (): Arrival => {
    if (isReached) return 'reached';
    return until !== 'latest' && 'beforeTransaction' in until ? 'missing' : 'end';
  };
  return { log: { ...log, read: watched }, arrival };
};
