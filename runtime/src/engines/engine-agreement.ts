import type { RunContext } from '../core/context.ts';
import type { Entries } from '../core/entries.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { BaseFacts, LogReader, LogTarget } from './engine-log.ts';
import type { ServerInfo, Source } from './source.ts';

/** What an archive holds, and the instant of the log that it is of. */
export interface DumpedInstant {
  readonly system: string;
  readonly timeline: number;
  /** All that the dump saw was written before it. */
  readonly position: bigint;
  /** What of that it saw, in the engine's own words. */
  readonly seen: string;
  /** Counted from the archive itself, with content. */
  readonly counted: Fingerprint;
}

/** Where a recovery has the very data of a dump, or why there is no such point. */
export type ExactPoint = { readonly until: LogTarget } | { readonly none: string };

/** Log that is searched for the point. */
export interface SearchedLog {
  readonly log: LogReader;
  readonly facts: Pick<BaseFacts, 'start' | 'end'>;
  readonly server: ServerInfo;
}

/** What a comparison found. */
export interface Comparison {
  /** Why what was recovered is not the instant of the dump; nothing was compared then. */
  readonly none?: string;
  /** In words, one each. */
  readonly differences: readonly string[];
  /** What was not compared, and why. */
  readonly notes: readonly string[];
}

/** Two ways to the data of one instant that know nothing of each other: a dump, and a base with its log. */
export interface AgreementWork<Connection = unknown> {
  /** Entry of an archive that says which instant it is of. */
  readonly entry: string;
  /** Reads an archive that has the entry. @param expected what its manifest says that it holds @throws BackupError `archive.damaged` */
  read(run: RunContext, entries: Entries, expected: Fingerprint): Promise<DumpedInstant>;
  /** Searches the log for the point that has all that the dump saw, and nothing else. @throws BackupError `log.*`, `archive.*` */
  find(run: RunContext, searched: SearchedLog, dumped: DumpedInstant): Promise<ExactPoint>;
  /** Compares what was recovered up to that point. */
  compare(run: RunContext, source: Source<Connection>, dumped: DumpedInstant): Promise<Comparison>;
}
