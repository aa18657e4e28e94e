import type { LogReader } from '../../engine-log.ts';
import { endingOf } from '../search/ending.ts';
import { readRecords, type LogForm, type RawRecord } from '../search/pages.ts';
import { parseRecord } from '../search/record.ts';

/** A commit in the log. */
export interface Commit {
  /** Of the transaction itself, not of one within it: 32 bits. */
  readonly xid: bigint;
  /** Where its record begins. */
  readonly at: bigint;
}

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
