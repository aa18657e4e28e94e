import { believeNamed, findBefore, readEntries } from '../../archives/read.ts';
import { names } from '../../contract/names.ts';
import { BackupError, isBackupError } from '../../core/errors.ts';
import { parseTime } from '../../core/times.ts';
import { dayMs } from '../../core/units.ts';
import type {
  FoundTransaction,
  LogFinder,
  LogSearch,
  LogWork,
  NameSources,
} from '../../engines/engine-log.ts';
import { openSource, type App } from '../../session/app.ts';
import { partsFrom, type SearchedPart } from '../../wal/search.ts';
import { logOf } from '../../wal/settings.ts';
import type { Found } from './result.ts';

/** What the command line asks for. */
export interface FindOptions {
  readonly statement: string | undefined;
  readonly relation: string | undefined;
  readonly from: string | undefined;
  readonly to: string | undefined;
}

/** Of what matches, so many are kept, the newest: a busy database commits millions a day. @default 1000 - a person reads less */
const mostShown = 1000;

/** Searched where no beginning is given: most accidents are noticed within it, and a day of log takes minutes. @default 1 day */
const usualMs = dayMs;

const timeOf = (flag: string, text: string): Date => {
  const time = parseTime(text);
  if (time) return time;
  throw new BackupError(
    'usage.invalid',
    `--${flag} ${JSON.stringify(text)}: expected a time such as 2026-11-28 03:14:00`,
  );
};

/** @throws BackupError usage.invalid */
const searchOf = ({ statement, relation, from, to }: FindOptions, now: Date): LogSearch => {
  const until = to === undefined ? now : timeOf('to', to);
  const since = from === undefined ? new Date(until.getTime() - usualMs) : timeOf('from', from);
  if (since > until) throw new BackupError('usage.invalid', '--from is later than --to');
  return { statement, relation, from: since, to: until };
};

/** The newest archive that was begun before the range, else within it: it has names of what is gone since. */
const archiveFor = async (app: App, target: string, { from, to }: LogSearch): Promise<NameSources> => {
  for (const before of [from, to])
    try {
      const archive = await believeNamed(app, await findBefore(app, target, before), target);
      const open = () => readEntries(app, archive, `names in ${archive.key}`);
      return { archive: { name: `archive ${archive.key}`, open } };
    } catch (error) {
      if (!isBackupError(error, 'archive.unknown')) throw error;
    }
  return {};
};

const sourceFor = async (app: App, target: string): Promise<NameSources> => ({
  source: await openSource(app.run, logOf(app.plan, target).target),
});

const shown = (target: string, transaction: FoundTransaction): Found['transactions'][number] => ({
  ...transaction,
  restore: `${names.program} restore ${target} --before-xid ${transaction.id}`,
});

const searchedOf = ({ base, log, hole }: SearchedPart, work: LogWork): Found['searched'][number] => ({
  base: base.key,
  to: work.formatPosition(log.end),
  until: log.endTime.toISOString(),
  ...(hole && { hole: { from: work.formatPosition(hole.from), to: work.formatPosition(hole.to) } }),
});

interface Kept {
  readonly transactions: Found['transactions'][number][];
  omitted: number;
}

const searchPart = async (
  kept: Kept,
  target: string,
  finder: LogFinder,
  part: SearchedPart,
): Promise<void> => {
  for await (const transaction of finder.in(part)) {
    kept.transactions.push(shown(target, transaction));
    if (kept.transactions.length <= mostShown) continue;
    kept.transactions.shift();
    kept.omitted++;
  }
};

/**
 * Transactions of the stored log that did what is asked for, oldest first, with the command that goes just before each one.
 * @throws BackupError target.unknown, usage.invalid, archive.unknown, store.*, archive.damaged
 */
export const findInLog = async (app: App, name: string, options: FindOptions): Promise<Found> => {
  const { log } = logOf(app.plan, name);
  if (!log.find) throw new BackupError('usage.invalid', `the log of ${name} cannot be searched`);
  const search = searchOf(options, app.run.now());
  const known = { ...(await sourceFor(app, name)), ...(await archiveFor(app, name, search)) };
  const finder = await log.find(app.run, known, search);
  const kept: Kept = { transactions: [], omitted: 0 };
  const searched: Found['searched'][number][] = [];
  for await (const part of partsFrom(app, name, log, search.from)) {
    await searchPart(kept, name, finder, part);
    searched.push(searchedOf(part, log));
  }
  if (searched.length === 0)
    throw new BackupError(
      'archive.unknown',
      `no base of ${name} with its log is stored; take one: grill-backup base ${name}`,
    );
  const range = { from: search.from.toISOString(), to: search.to.toISOString() };
  return { target: name, ...range, searched, ...kept, notes: finder.notes };
};
