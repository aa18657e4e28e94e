import type { Engine, Source } from '../../../runtime/src/engines/engine.ts';
import type { Saved } from './saved.ts';

/** A live server of a kind of database, with what the suite does to it. */
export interface EngineServer {
  /** With rights to dump and to restore. */
  readonly source: Source;
  /** Writes data of every kind that the database knows. */
  readonly seed: () => Promise<void>;
  /** Everything in a database, in a form of its own that knows nothing of the engine under test. */
  readonly content: (source: Source) => Promise<string>;
  /** Destroys part of the data and alters other parts. */
  readonly damage: () => Promise<void>;
  /** Removes all data. */
  readonly clear: () => Promise<void>;
  /** Adds about 64 MB, more than all buffers between server and reader hold. */
  readonly enlarge: () => Promise<void>;
  /** Ends the server's side of a dump under way. */
  readonly cut: () => Promise<void>;
  readonly stop: () => Promise<void>;
}

/** A dump that is not what the engine wrote. */
export interface HostileDump {
  readonly title: string;
  readonly alter: (saved: Saved) => Saved;
}

/** One row of the suite's table. */
export interface EngineFixture {
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- each engine has its own connection type
  readonly engine: Engine<any>;
  /** @default the engine's title - needed where one engine has several fixtures */
  readonly title?: string;
  /** What servers call themselves. @default the engine's title */
  readonly products?: readonly string[];
  /** Why this machine cannot run the fixture; it is then skipped under this name. */
  readonly missing?: string;
  /** @default the engine's restoresBeside */
  readonly trialsBeside?: boolean;
  /** False where the dump tool waits minutes for a server that went away. @default true */
  readonly failsWhenCut?: boolean;
  readonly start: () => Promise<EngineServer>;
  /** The same source with a password that is wrong. */
  readonly withWrongPassword: (source: Source) => Source;
  readonly hostile: readonly HostileDump[];
  /** Whether `restore` keeps the replaced data; then `undo` brings it back in a shell. */
  readonly undoEnvironment?: (source: Source) => Readonly<Record<string, string>>;
}
