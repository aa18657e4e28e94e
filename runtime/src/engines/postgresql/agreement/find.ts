import type { RunContext } from '../../../core/context.ts';
import type { DumpedInstant, ExactPoint, SearchedLog } from '../../engine-agreement.ts';
import { formatPosition } from '../replication/positions.ts';
import { formAt } from '../search/pages.ts';
import { majorOf } from '../tools.ts';
import { readCommits, type Commit } from './commits.ts';
import { parseSnapshot, sees, type Snapshot } from './snapshot.ts';

/**
 * How far before the instant commits are looked at, at least. A transaction becomes visible right after its commit was written, or once
 * standbys have it: a server writes less meanwhile. What is before is checked in what was recovered. @default 8 MiB
 */
const searchedBytes = 8n << 20n;

/**
 * The point before which all commits are seen, and after which none is. Transactions become visible one after the other, as a
 * rule in the order of their commits, so that there is one as a rule. Pure.
 * @param commits of the log up to the position, in its order
 */
export const pointIn = (commits: readonly Commit[], snapshot: Snapshot, position: bigint): ExactPoint => {
  const first = commits.findIndex(({ xid }) => !sees(snapshot, xid));
  const unseen = commits[first];
  if (!unseen) return { until: { beforePosition: formatPosition(position) } };
  const later = commits.slice(first).find(({ xid }) => sees(snapshot, xid));
  if (later)
    return {
      none: `the dump saw transaction ${later.xid}, but not ${unseen.xid}, which had committed before it: no instant of the log is like that`,
    };
  return { until: { beforePosition: formatPosition(unseen.at) } };
};

/** Why the log cannot have the instant. */
const problemOf = ({ log, facts }: SearchedLog, { system, timeline, position }: DumpedInstant) => {
  if (log.system !== system) return `the dump is of system ${system}, the log is of ${log.system}`;
  const found = log.timelines.findLast(({ from }) => from < position)?.timeline;
  if (found !== timeline) return `the dump is of timeline ${timeline}, which the log has left`;
  if (position < facts.end) return 'the base was not whole by then';
  return log.end <= position ? 'the log that follows is not stored yet' : undefined;
};

/** The head of the file that holds a position. */
const headOf = (position: bigint, segmentBytes: number): bigint =>
  position - (position % BigInt(segmentBytes));

const later = (a: bigint, b: bigint): bigint => (a > b ? a : b);

/** Searches the log for the point that has all that a dump saw, and nothing else. @throws BackupError as `AgreementWork.find` */
export const find = async (
  _context: RunContext,
  searched: SearchedLog,
  dumped: DumpedInstant,
): Promise<ExactPoint> => {
  const problem = problemOf(searched, dumped);
  if (problem !== undefined) return { none: problem };
  const { log, facts, server } = searched;
  const { position, seen } = dumped;
  const form = await formAt(log, facts.start);
  const from = later(facts.start, headOf(position - searchedBytes, form.segmentBytes));
  const commits = await readCommits(log, { from, to: position }, form, majorOf(server.version));
  // of commits before its end a base has all: one of them that was not seen shows in what is recovered
  const since = commits.filter(({ at }) => at >= facts.end);
  return pointIn(since, parseSnapshot(seen), position);
};
