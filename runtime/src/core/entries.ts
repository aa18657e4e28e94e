/** One named piece of a dump. `content` must be read to its end before the next entry is asked for. */
export interface DumpEntry {
  /** Relative path in the archive; `/` separates folders. */
  readonly name: string;
  /**
   * Fails, never ends cleanly, unless the tool exited with 0, the stream ended where its format says, and the
   * engine's own check held. An empty dump is a failure.
   */
  readonly content: AsyncIterable<Buffer>;
}

export type Entries = AsyncIterable<DumpEntry>;
