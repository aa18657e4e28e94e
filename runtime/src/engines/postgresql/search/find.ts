import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import { throwIfStopped } from '../../../core/stopped.ts';
import type { FoundTransaction, LogFinder, LogPart, LogSearch, NameSources } from '../../engine-log.ts';
import type { PostgresqlConnection } from '../connection.ts';
import { formatPosition } from '../replication/positions.ts';
import { millisecondsOf, timeText } from '../timestamps.ts';
import { majorOf } from '../tools.ts';
import { openCatalogue, type Catalogue } from './catalogue.ts';
import { classEntryIn } from './class-tuple.ts';
import { describe, type Change } from './describe.ts';
import { formAt, readRecords, type RawRecord } from './pages.ts';
import { parseRecord, type LogRecord } from './record.ts';
import { isWanted, parseStatement, type Wanted } from './statement.ts';
import { transactionReader, type Committed } from './transactions.ts';

/** Commits are written in about the order of their times: after one this much later, none of the range follows. @default 1 min */
const disorderMs = 60_000;

const wantedBy = ({ statement, relation }: LogSearch): Wanted => {
  const wanted = statement === undefined ? {} : parseStatement(statement);
  return relation === undefined ? wanted : { ...wanted, relation };
};

const found = (committed: Committed, changes: readonly Change[]): FoundTransaction => ({
  id: `${committed.id}`,
  at: timeText(committed.at),
  position: formatPosition(committed.position),
  did: changes.map(({ what, relation, rows }) => ({
    what,
    ...(relation !== undefined && { relation }),
    ...(rows !== undefined && { rows }),
  })),
  isWhole: committed.isWhole,
});

/** What a record makes of the transactions before it. @throws BackupError archive.damaged */
const taken = (take: (record: LogRecord) => Committed | undefined, raw: RawRecord): Committed | undefined => {
  try {
    const record = parseRecord(raw);
    return record && take(record);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new BackupError('archive.damaged', `the log at ${formatPosition(raw.position)} is not a record`, {
      cause: error,
    });
  }
};

async function* transactionsIn(
  run: RunContext,
  part: LogPart,
  { learn }: Catalogue,
): AsyncGenerator<Committed> {
  const form = await formAt(part.log, part.start);
  const size = BigInt(form.segmentBytes);
  const begin = part.from > part.start ? (part.from / size) * size : part.start;
  const major = majorOf(part.server.version);
  const follow = transactionReader(major);
  const take = (record: LogRecord): Committed | undefined => {
    const entry = classEntryIn(record, major);
    if (entry) learn(entry);
    return follow(record);
  };
  for await (const records of readRecords(part.log.read(begin), begin, form)) {
    throwIfStopped(run);
    for (const raw of records) {
      const committed = taken(take, raw);
      if (committed) yield committed;
    }
  }
}

async function* search(
  run: RunContext,
  part: LogPart,
  catalogue: Catalogue,
  wanted: Wanted,
  { from, to }: LogSearch,
): AsyncGenerator<FoundTransaction> {
  for await (const committed of transactionsIn(run, part, catalogue)) {
    const at = millisecondsOf(committed.at);
    if (at > to.getTime() + disorderMs) return;
    if (at < from.getTime() || at > to.getTime()) continue;
    const changes = describe(catalogue, committed);
    if (changes.some((change) => isWanted(wanted, change))) yield found(committed, changes);
  }
}

/**
 * Looks for transactions in the log itself: not by pg_waldump, whose lines hold text that any user can write into the log, line
 * feeds too, so that a line could be one of theirs. @throws BackupError usage.invalid; the finder archive.damaged, log.gap
 */
export const find = async (
  run: RunContext,
  names: NameSources<PostgresqlConnection>,
  request: LogSearch,
): Promise<LogFinder> => {
  const wanted = wantedBy(request);
  const catalogue = await openCatalogue(run, names);
  return {
    notes: catalogue.notes,
    in: (part) => search(run, part, catalogue, wanted, request),
  };
};
