/** An object of a store. Keys are relative, `/` separated: `postgresql/postgresql_20240101_020000.tar.gz.enc`. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
}

/** Free and total space; absent where the store has no known limit. */
export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/**
 * Where archives and manifests are kept. Errors are BackupErrors `store.*`: `unreachable` and `failed` are retryable,
 * `refused`, `full`, `missing` and `exists` are not. The conformance suite test/conformance/store.test.ts runs over all.
 */
export interface Store {
  /** `directory` or `s3`. */
  readonly kind: string;
  /** For people: `/backup`, `s3://bucket/prefix`. */
  readonly location: string;
  /**
   * Stores a stream of unknown length. The object appears under its key only when all of it is durable; on any error
   * or abort nothing is left (best effort: leftovers are never visible in `list`).
   * `replace: false` (default) fails with `store.exists` if the key is taken. Resolves to the bytes written.
   */
  put(key: string, body: AsyncIterable<Buffer>, options?: PutOptions): Promise<number>;
  /** Streams an object, or bytes `start` to the end. `store.missing` if absent; fails if cut short, never ends early. */
  get(key: string, start?: number): AsyncIterable<Buffer>;
  head(key: string): Promise<StoredObject | undefined>;
  /** All objects under a prefix, in key order, without aliases and partial uploads. */
  list(prefix: string): AsyncIterable<StoredObject>;
  /** Removing what is absent is fine. */
  remove(key: string): Promise<void>;
  /** A second name for the same bytes without sending them again: hard link or server-side copy. */
  copy(from: string, to: string): Promise<void>;
  /** Moves `alias` atomically to `key`, which lies in the same folder. */
  point(alias: string, key: string): Promise<void>;
  /** Key that an alias points to; undefined if there is none. */
  resolve(alias: string): Promise<string | undefined>;
  space(): Promise<Space | undefined>;
}

export interface PutOptions {
  readonly replace?: boolean;
  readonly signal?: AbortSignal;
}
