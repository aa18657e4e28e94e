import type { z } from 'zod';
import type { RunContext } from '../core/context.ts';
import type { Entries } from '../core/entries.ts';
import type { AgreementWork } from './engine-agreement.ts';
import type { LogWork } from './engine-log.ts';
import type { BaseWork } from './engine-base.ts';
import type { PartsWork } from './engine-parts.ts';
import type { Fingerprint } from './fingerprint.ts';
import type { Leftover } from './leftover.ts';
import type { Preview } from './preview.ts';
import type { DumpOptions, ServerInfo, Source } from './source.ts';

export type { DumpEntry, Entries } from '../core/entries.ts';
export type { DumpOptions, ServerInfo, Source } from './source.ts';
export type { Fingerprint } from './fingerprint.ts';
export type { Leftover } from './leftover.ts';
export type { Hindrance, Preview } from './preview.ts';

/** A dump under way. Read `entries` to the end, then `fingerprint()`; `close()` always. */
export interface Dump {
  readonly server: ServerInfo;
  readonly entries: Entries;
  /** Taken from the very data that was dumped (same snapshot or same stream). Call after `entries` ended. */
  readonly fingerprint: () => Promise<Fingerprint>;
  readonly close: () => Promise<void>;
}

/** Which part of an archive is restored, and where to; all in the place of the live data where nothing is given. */
export interface RestoreScope {
  /**
   * Parts to restore, in the engine's own terms; all where absent. PostgreSQL: `schema.table`; InfluxDB: a bucket
   * (`org/bucket` or `bucket`) or database; Redis: `db0`, or a key pattern such as `session:*`.
   * Parts take the place of their live namesakes; the rest of the live data is left alone.
   */
  readonly only?: readonly string[] | undefined;
  /**
   * New name for what is restored, beside the live data, which is not touched: a PostgreSQL database, an InfluxDB
   * bucket or database (of one `only`), a Redis database number.
   */
  readonly into?: string | undefined;
  /** Restore jobs side by side, of an engine that `restoresInJobs`. @default 1 */
  readonly jobs?: number | undefined;
  /** Redis: writes the archive's keys over their live namesakes and removes none. @default false */
  readonly merge?: boolean | undefined;
  /** Hindrances of a preview that a person has accepted, by their word. @default none */
  readonly accept?: readonly string[] | undefined;
}

/** Where replaced data is, and how it comes back. */
export interface Replaced {
  /** Where it is kept, for the user to read; absent if it is not kept. */
  readonly kept?: string;
  /** One command that brings it back. */
  readonly undo?: string;
}

export interface RestoreRequest extends RestoreScope {
  /** What the manifest says the archive holds. The engine compares before it swaps. */
  readonly expected: Fingerprint;
  readonly server: ServerInfo;
  /** `replace` puts the data in the place of the live data; `trial` restores beside it, compares, and drops it. */
  readonly mode: 'replace' | 'trial';
  /** What the entries hold together, for a check of free space; absent where nobody knows. */
  readonly sourceBytes?: number | undefined;
  /** Unique ending for names of scratch data and of kept old data: `20240101_020000`. */
  readonly suffix: string;
  /** Writes down how the live data comes back; an engine that keeps it calls this just before it goes. @default nobody */
  readonly beforeSwap?: (replaced: Replaced) => Promise<void>;
  /**
   * User name of the account that restores in earnest: a scratch server, whose own account may do everything, tries the
   * archive with that account's rights, as far as the archive knows them. @default the rights of the source's account
   */
  readonly account?: string | undefined;
}

export interface Restored extends Replaced {
  /** Counted after the restore; equal to what the archive holds, or the restore failed with `restore.mismatch`. */
  readonly fingerprint: Fingerprint;
  /** Differences from the manifest that a person has accepted, in words. @default none: the data is equal */
  readonly accepted?: readonly string[];
  /** What did not come back, came back otherwise, or points elsewhere now. @default the notes of the preview */
  readonly notes?: readonly string[];
}

/** What a scratch server has to hold. */
export interface ScratchNeeds {
  readonly fingerprint: Fingerprint;
  /** What the entries hold together. */
  readonly sourceBytes: number;
  /** Opens the archive at its beginning, to be read as far as needed. */
  readonly open: () => Entries;
}

/** A private empty server inside this job, for trials and drills. */
export interface ScratchServer<Connection = unknown> {
  readonly source: Source<Connection>;
  readonly stop: () => Promise<void>;
}

/** A secret value that an engine needs, by role. */
export interface SecretKey {
  /** Key in the target's Secret. @default - names in the existing Secrets of the platform */
  readonly defaultKey: string;
  readonly optional: boolean;
}

/**
 * What an engine does; index.ts of an engine loads it on demand, because describing a database needs none of it.
 * It is stateless; every call gets the run context and the source.
 * Errors are BackupErrors: `source.unreachable`, `source.untrusted`, `source.refused`, `source.unsupported`, `dump.*`, `restore.*`,
 * and `archive.damaged` from `inspect` and `restore` where entries are not what the engine wrote.
 */
export interface Work<Connection = unknown> {
  probe(run: RunContext, source: Source<Connection>): Promise<ServerInfo>;
  dump(run: RunContext, source: Source<Connection>, options?: DumpOptions): Promise<Dump>;
  /**
   * Proves that entries are a complete dump, without a server; returns what can be counted from them alone. An engine that hashes
   * content in what passes compares it with `expected`, of the manifest. @default nothing to compare with
   */
  inspect(run: RunContext, entries: Entries, expected?: Fingerprint): Promise<Fingerprint>;
  /** Counts the live data; `asOf` bounds it to what existed then, where data carries times. */
  fingerprint(run: RunContext, source: Source<Connection>, asOf: Date): Promise<Fingerprint>;
  restore(
    run: RunContext,
    source: Source<Connection>,
    entries: Entries,
    request: RestoreRequest,
  ): Promise<Restored>;
  /**
   * Starts a scratch server that can take `server`'s archives, with room and limits for one with such `needs`; undefined
   * where its binaries are not installed.
   */
  scratch(
    run: RunContext,
    server: ServerInfo,
    needs?: ScratchNeeds,
  ): Promise<ScratchServer<Connection> | undefined>;
}

/**
 * A kind of database: what it is, and what is done with it.
 * The conformance suite test/conformance/engine.test.ts runs over all of them.
 */
export interface Engine<Connection = unknown> extends Work<Connection> {
  readonly name: string;
  readonly title: string;
  readonly defaultPort: number;
  /** Engine-specific `connection` of a target: host and port always, then what to dump. Strict. */
  readonly connection: z.ZodType<Connection>;
  readonly secretKeys: Readonly<Record<string, SecretKey>>;
  /** Loads what `dump` needs, while something else is waited for. Default: `dump` loads it. */
  prepareDump?(): Promise<unknown>;
  /** TCP ports of the server that a backup or restore connects to; NetworkPolicies open exactly these. */
  ports(connection: Connection): readonly number[];
  /** True if a restore builds beside the live data and swaps at the end, so a late failure changes nothing. */
  readonly restoresBeside: boolean;
  /** True if `jobs` of a restore may run side by side. @default false */
  readonly restoresInJobs?: boolean;
  /** True if a restore makes the server connect to the job, on a port of the job's choice. @default false */
  readonly dialsBack?: boolean;
  /** True if a server has nothing but live data, so that no trial runs beside it: a drill needs a server of its own. @default false */
  readonly liveDataOnly?: boolean;
  /** Why this engine cannot restore so, told before anything is read or saved; undefined where it can. */
  refusal(scope: RestoreScope): string | undefined;
  /**
   * Looks at the server and at the head of the archive (read what is needed of `entries`, and stop) before a restore in
   * earnest; changes nothing. Called for a dry run as well, and before the user is asked. `restore` looks again.
   * Default: nothing to tell. @throws BackupError as `restore`
   */
  preview?(
    run: RunContext,
    source: Source<Connection>,
    entries: Entries,
    request: RestoreRequest,
  ): Promise<Preview>;
  /**
   * What restores of this target left on the server, told from its names; nothing that a running one works on. Called by
   * `check` and `cleanup`. Default: restores leave nothing.
   */
  leftovers?(run: RunContext, source: Source<Connection>): Promise<readonly Leftover[]>;
  /** Ends what a killed restore left on the server, before anything reads or replaces its data. Default: nothing to do. */
  recover?(run: RunContext, source: Source<Connection>): Promise<void>;
  /** For databases with a log that can be followed. Default: none; `pointInTime` of a plan is then refused. */
  readonly log?: LogWork<Connection>;
  /** For databases whose bases and log become any instant of the past. Default: none. */
  readonly bases?: BaseWork<Connection>;
  /** For databases whose dumps say at which instant of the log they were taken. Default: no recovery is compared with an archive. */
  readonly agreement?: AgreementWork<Connection>;
  /** For databases that know which pieces of a dump did not change. Default: none; `parts` of a plan is then refused. */
  readonly parts?: PartsWork<Connection>;
}
