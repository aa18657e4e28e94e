import type { RunContext } from '../core/context.ts';
import type { Entries } from '../core/entries.ts';
import type { ServerInfo, Source } from './source.ts';
import type { BaseDump, BaseFacts, LogReader, LogTarget } from './engine-log.ts';

export type { BaseDump, BaseFacts, LogReader, LogTarget } from './engine-log.ts';

/** What the files of a base say of themselves; the rest is in its manifest alone. */
export interface InspectedBase extends Pick<BaseFacts, 'timeline' | 'redo' | 'end'> {
  /** Of an increment: `redo` of the base that it goes on from. */
  readonly since?: bigint;
}

/** A base and its log, recovered into a server of this job, which stands at the instant that was asked for. */
export interface Recovered<Connection = unknown> {
  /** The database of the target, in that server. */
  readonly source: Source<Connection>;
  /** Commit time of the last transaction that is in it; absent where the log held none. */
  readonly lastCommit?: Date;
  /** Where the log ended for it, in the database's own words. */
  readonly position: string;
  readonly stop: () => Promise<void>;
}

/** Takes a base that was rolled, and the end of the log that was replayed into it. */
export type StoreRolled<Result> = (dump: BaseDump, through: bigint) => Promise<Result>;

/** What a recovery starts from. */
export interface RecoveryInput {
  /** Read once, from the beginning. */
  readonly entries: Entries;
  /** Of an increment: those of the bases that it goes on from, oldest first. @default none - the base is whole */
  readonly before?: readonly Entries[];
  readonly facts: BaseFacts;
  readonly server: ServerInfo;
  /** What the entries hold together, for a check of free space. */
  readonly sourceBytes: number;
  /** Opened at `facts.start`. */
  readonly log: LogReader;
}

/** Copies of a whole database that runs, which become any instant of its log. */
export interface BaseWork<Connection = unknown> {
  /**
   * @param before the newest base: where the server can tell what changed since, only that is sent. It is read to its end first.
   * @throws BackupError `source.*`, `log.*`, `dump.*`; `archive.*` of `before`
   */
  base(run: RunContext, source: Source<Connection>, before?: Entries): Promise<BaseDump>;
  /** Proves that entries are a whole base, without a server. @throws BackupError `archive.damaged` */
  inspect(run: RunContext, entries: Entries): Promise<InspectedBase>;
  /**
   * Recovers into a private server, and stops at the target. `like` says which database of it is wanted, and who asks.
   * @throws BackupError `drill.unavailable` without server programs; `log.unreached`, `restore.failed`, `archive.*`
   */
  recover(
    run: RunContext,
    like: Source<Connection>,
    input: RecoveryInput,
    until: LogTarget,
  ): Promise<Recovered<Connection>>;
  /**
   * Replays a base to the end of its log in a private server, which becomes the next base: no byte comes from the source.
   * Default: every base is a copy. @throws BackupError `log.unreached` where the log brings it no further; as `recover`
   */
  roll?<Result>(
    run: RunContext,
    like: Source<Connection>,
    input: RecoveryInput,
    store: StoreRolled<Result>,
  ): Promise<Result>;
  /**
   * Writes a data directory instead, for a new server that recovers to the target by itself. @param folder new, or empty
   * @throws BackupError `restore.refused` for a folder that is not empty; as `recover`
   */
  write(run: RunContext, input: RecoveryInput, until: LogTarget, folder: string): Promise<void>;
}
