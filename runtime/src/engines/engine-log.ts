import type { RunContext } from '../core/context.ts';
import type { Entries } from '../core/entries.ts';
import type { ServerInfo, Source } from './source.ts';

/**
 * The optional part of an engine for databases with a log: everything that was ever written, as one stream of bytes.
 * Positions count its bytes and never go back, within one `system` (one life of the data, from its creation on). A
 * `timeline` is one history of it: after a promotion the log goes on under the next number, from the position of the switch.
 * Nothing outside of the engine knows what the bytes mean.
 */
export interface LogIdentity {
  /** Decimal digits; another one is another database, whatever its address. */
  readonly system: string;
  /** From 1. */
  readonly timeline: number;
  /** End of what the server itself has made durable. */
  readonly position: bigint;
}

/** What the server keeps for us: it removes no log from `restart` on while the slot is neither lost nor dropped. */
export interface SlotState {
  readonly name: string;
  /** `lost`: the server removed log that the slot needed, by its limit. `active`: somebody streams from it. */
  readonly status: 'absent' | 'idle' | 'active' | 'lost';
  /** Oldest byte that is kept; absent while nothing is reserved. */
  readonly restart?: bigint;
  /** Log that may still be written before the slot is lost; absent where the server has no limit. */
  readonly safeBytes?: bigint;
}

/** The slot that the plan asks for. */
export interface SlotRequest {
  readonly name: string;
  /** True: a server without a limit for slots is accepted, whose disk an absent receiver fills. */
  readonly allowUnlimited: boolean;
}

/** Contiguous with the chunk before it. */
export interface LogChunk {
  readonly from: bigint;
  /** Theirs only until the next chunk is asked for: its memory is used again. */
  readonly bytes: Buffer;
  /** The server's clock when it sent the last byte: nothing inside was committed later. */
  readonly sentAt: Date;
}

/** A timeline, and the position where another one took over from it. */
export interface TimelineSwitch {
  readonly timeline: number;
  readonly at: bigint;
}

/** A slot that is there now, and how it was before. */
export interface OpenedSlot {
  readonly state: SlotState;
  readonly before: SlotState['status'];
}

/** A log that flows. Not reading `chunks` holds the server back, in bounded memory. */
export interface LogStream {
  /** Ends at the end of the timeline, see `switched`, and after `close`. @throws BackupError `source.*`, `log.*` */
  readonly chunks: AsyncIterable<LogChunk>;
  /** All before the position is durable elsewhere: only this moves the slot, and lets the server remove log. */
  readonly confirm: (position: bigint) => void;
  /** The newest time of the server's clock, and its end of the log then, that are known, also while nothing flows. */
  readonly seen: () => { readonly position: bigint; readonly at: Date } | undefined;
  /** After `chunks` ended: the timeline that goes on, and from where; undefined after `close`. */
  readonly switched: () => TimelineSwitch | undefined;
  readonly close: () => Promise<void>;
}

/** Where a stream begins. */
export interface StreamStart {
  readonly slot: string;
  readonly timeline: number;
  /** Any position that the server still has; `log.gap` where it has not. */
  readonly from: bigint;
}

/** Taking the log: what a receiver needs. Each call opens the connections that it needs. */
export interface LogWork<Connection = unknown> {
  /** For people, as the database writes it: `0/16B3748`. */
  formatPosition(position: bigint): string;
  /** Undefined for what is no position. */
  parsePosition(text: string): bigint | undefined;
  /** What drops a slot, for a person at the server. */
  dropStatement(slot: string): string;
  identify(run: RunContext, source: Source<Connection>): Promise<LogIdentity>;
  /**
   * Finds the slot, or makes it; one that is lost is made anew.
   * @throws BackupError `log.*` where the server cannot give one, or has no limit for it
   */
  openSlot(run: RunContext, source: Source<Connection>, slot: SlotRequest): Promise<OpenedSlot>;
  slotState(run: RunContext, source: Source<Connection>, name: string): Promise<SlotState>;
  /** Dropping what is absent is fine. @throws BackupError `log.busy` while somebody streams from it */
  dropSlot(run: RunContext, source: Source<Connection>, name: string): Promise<void>;
  stream(run: RunContext, source: Source<Connection>, start: StreamStart): Promise<LogStream>;
  /** The timelines that a history names, oldest first, each with where the next one went on; pure. */
  ancestors(history: Buffer): readonly TimelineSwitch[];
  /** What the server knows of how a timeline came to be; undefined for the first, which has no history. */
  history(run: RunContext, source: Source<Connection>, timeline: number): Promise<Buffer | undefined>;
  /** Writes a commit of nothing into the log, so that an idle database proves its recovery point. */
  heartbeat(run: RunContext, source: Source<Connection>): Promise<void>;
  /**
   * Prepares a search for transactions. @default the log cannot be searched
   * @throws BackupError usage.invalid for a search that nothing can match
   */
  find?(run: RunContext, names: NameSources<Connection>, search: LogSearch): Promise<LogFinder>;
}

/** Which transactions are looked for; all that changed something, where only times are given. */
export interface LogSearch {
  /** How a statement begins, in the database's own language. A log holds no statements: it is what they did that counts. */
  readonly statement?: string | undefined;
  /** In the engine's own terms: `public.users`. */
  readonly relation?: string | undefined;
  /** Of the commit, both included. */
  readonly from: Date;
  readonly to: Date;
}

/** Who can tell names for the numbers of a log; whoever cannot is left out. */
export interface NameSources<Connection = unknown> {
  readonly source?: Source<Connection>;
  readonly archive?: { readonly name: string; readonly open: () => Entries };
}

/** A stretch of a log to be searched. */
export interface LogPart {
  /** Opened at `start`. */
  readonly log: LogReader;
  /** Where a base begins: the form of the log can be read there. */
  readonly start: bigint;
  /** Log before it is left out, as far as the engine can. */
  readonly from: bigint;
  readonly server: ServerInfo;
}

/** One thing that a transaction did: `{what: 'deleted', rows: 120, relation: 'public.users'}`. Names are data of the database. */
export interface FoundChange {
  readonly what: string;
  readonly rows?: number;
  readonly relation?: string;
}

/** A transaction that was committed. */
export interface FoundTransaction {
  /** What `LogTarget` takes as `beforeTransaction`. */
  readonly id: string;
  /** ISO 8601 in UTC, as exact as the log has it. */
  readonly at: string;
  /** Of its commit, in the database's own words. */
  readonly position: string;
  readonly did: readonly FoundChange[];
  /** False: it may have begun before the stretch, and have done more. */
  readonly isWhole: boolean;
}

/** A search that is ready. */
export interface LogFinder {
  /** Where names come from, for people. */
  readonly notes: readonly string[];
  /** In the order of the log, in bounded memory. @throws BackupError log.gap, archive.* */
  readonly in: (part: LogPart) => AsyncIterable<FoundTransaction>;
}

/** Where a recovery stops. */
export type LogTarget =
  | { readonly time: Date }
  /** The database's own words. */
  | { readonly position: string }
  /** All that ends before the position, and nothing that begins there. */
  | { readonly beforePosition: string }
  | { readonly beforeTransaction: string }
  | 'latest';

/** A stored log, opened for reading: one line through the timelines. Nothing is released that is not authentic. */
export interface LogReader {
  readonly system: string;
  /** The line from the oldest to the newest timeline, each with where it begins; the first begins where the store does. */
  readonly timelines: readonly { readonly timeline: number; readonly from: bigint }[];
  /** End of what is contiguous from the position that the reader was opened at. */
  readonly end: bigint;
  /** Upper bound of the commit times before `end`. */
  readonly endTime: Date;
  /** Bytes [from, end) without a hole. @throws BackupError `log.gap`, `archive.*` */
  readonly read: (from: bigint) => AsyncIterable<Buffer>;
  /** Undefined for the first timeline. */
  readonly history: (timeline: number) => Promise<Buffer | undefined>;
}

/** What a base says of itself. */
export interface BaseFacts {
  readonly system: string;
  readonly timeline: number;
  /** The log is needed from here: a beginning that can be read, at `redo` or before. */
  readonly start: bigint;
  /** Where recovery begins to read. */
  readonly redo: bigint;
  /** A recovery has to reach this before the data is consistent. */
  readonly end: bigint;
  /** Of data blocks. */
  readonly checksums: boolean;
}

/** A base under way. Read `entries` to the end, then `facts()`; `close()` always. */
export interface BaseDump {
  readonly server: ServerInfo;
  readonly entries: Entries;
  readonly facts: () => Promise<BaseFacts>;
  /** Holds only what changed since the base that was given. @default false */
  readonly isIncrement?: boolean;
  /** Why all was copied although a base was given, and the server is set up for increments. */
  readonly whyWhole?: string;
  readonly close: () => Promise<void>;
}
