import type { RunContext } from '../core/context.ts';
import type { DumpEntry } from '../core/entries.ts';
import type { DumpOptions, ServerInfo, Source } from './source.ts';

/** What is counted: measure → value. */
export type PartFacts = Readonly<Record<string, number | string>>;

/** An entry of a dump that is a part: stored as a file of its own. */
export interface NewPart extends DumpEntry {
  /** For people. Call after `content` was read to its end. */
  readonly facts: () => PartFacts;
  /** All of the content is in memory: it may be read while the next entries come. @default false */
  readonly isHeld?: boolean;
}

/** An entry of which nothing has changed since the earlier archive: its part goes on as it is. */
export interface SamePart {
  readonly name: string;
  readonly isSame: true;
  /** Name that the entry had in the earlier archive. @default the same */
  readonly earlier?: string;
}

/** The archive before, whose parts may go on. */
export interface Earlier {
  /** True where its part of that name is in the store. */
  readonly has: (entry: string) => boolean;
  /** What the engine noted then. */
  readonly notes: () => AsyncIterable<Buffer>;
}

/** As `Dump`; some entries are parts, the others are small and differ each time. */
export interface PartsDump {
  readonly server: ServerInfo;
  readonly entries: AsyncIterable<DumpEntry | NewPart | SamePart>;
  /** As that of a `Dump`. */
  readonly fingerprint: () => Promise<Readonly<Record<string, PartFacts>>>;
  /** What the engine wants to know next time. Call after `entries` ended. */
  readonly notes: () => Buffer;
  readonly close: () => Promise<void>;
}

/** Dumps of which what has not changed is left out, by proof of the server or because it was read and is equal. */
export interface PartsWork<Connection = unknown> {
  /** True where the server proves what did not change, so that it is not read: then increments cost little. @default false - all is read */
  readonly isProved?: boolean;
  /** Bytes of a dump from which parts are chosen by themselves. Default: never, only where the plan asks for them. */
  readonly largeBytes?: number;
  /** Why dumps of such a connection have no parts; undefined where they have. Default: all have. */
  hindrance?(connection: Connection): string | undefined;
  dump(
    run: RunContext,
    source: Source<Connection>,
    earlier: Earlier | undefined,
    options?: DumpOptions,
  ): Promise<PartsDump>;
}
