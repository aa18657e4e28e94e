import { BackupError } from '../../../core/errors.ts';
import type { LogReader } from '../../engine-log.ts';
import { endingOf } from '../search/ending.ts';
import { readForm, readRecords, type LogForm, type RawRecord } from '../search/pages.ts';
import { parseRecord } from '../search/record.ts';

/** A commit in the log. */
export interface Commit {
  /** Of the transaction itself, not of one within it: 32 bits. */
  readonly xid: bigint;
  /** Where its record begins. */
  readonly at: bigint;
}

/** @param start the head of a file of the log @throws BackupError log.unreached, archive.damaged */
export const formAt = async (log: LogReader, start: bigint): Promise<LogForm> => {
  for await (const bytes of log.read(start)) return readForm(bytes, start);
  throw new BackupError('log.unreached', 'the stored log has no file yet');
};

const commitOf = (raw: RawRecord, major: number): Commit | undefined => {
  const record = parseRecord(raw);
  const ending = record && endingOf(record, major);
  return ending?.committed ? { xid: BigInt(ending.transaction), at: raw.position } : undefined;
};

/** Bytes of a log. */
export interface Part {
  /** The head of a page. */
  readonly from: bigint;
  readonly to: bigint;
}

/** Commits whose records begin in a part of the log, in its order. @throws BackupError archive.* */
export const readCommits = async (
  log: LogReader,
  { from, to }: Part,
  form: LogForm,
  major: number,
): Promise<readonly Commit[]> => {
  const commits: Commit[] = [];
  for await (const records of readRecords(log.read(from), from, form))
    for (const raw of records) {
      if (raw.position >= to) return commits;
      const commit = commitOf(raw, major);
      if (commit) commits.push(commit);
    }
  return commits;
};
