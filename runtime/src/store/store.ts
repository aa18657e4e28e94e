/** An object of a store. Keys are relative, `/` separated: `postgresql/postgresql_20240101_020000.tar.gz.enc`. */
export interface StoredObject {
  readonly key: string;
  readonly bytes: number;
  readonly modified: Date;
  /**
   * Another one whenever the content is another one: the ETag on S3; on disk the file's number and its times of change, of
   * which no program can set one. Empty where the server names none.
   */
  readonly tag: string;
  /** Only from `head`: Object Lock keeps it until then; `heldForever` under a legal hold. */
  readonly lockedUntil?: Date;
}

/** `lockedUntil` of what somebody must release by hand. */
export const heldForever = new Date(8.64e15);

/** For people. */
export const untilText = (time: Date): string =>
  time.getTime() === heldForever.getTime() ? 'its legal hold is released' : time.toISOString();

/** Free and total space; absent where the store has no known limit. */
export interface Space {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** What to store: a stream, or a function that starts it anew, so that a failed `put` can be tried again. */
export type Body = AsyncIterable<Buffer> | (() => AsyncIterable<Buffer>);

/**
 * Where archives and manifests are kept. Errors are BackupErrors `store.*`: `unreachable` and `failed` are retryable,
 * `refused`, `full`, `missing`, `exists` and `locked` are not; `usage.invalid` for a key that is not one: segments of ASCII
 * letters, digits and `_.!'()*-`, none of them `.` or `..`. Where something else than an object has the name (on disk a
 * pipe, link, folder, socket or device), it is `store.odd`, and `list` leaves it out. Keys whose last segment starts with `latest_` are aliases,
 * known to `point`, `resolve` and `remove` only. An error of the body itself is passed on as it is.
 * The conformance suite test/conformance/store.test.ts runs over all.
 */
export interface Store {
  /** `directory` or `s3`. */
  readonly kind: string;
  /** For people: `/backup`, `s3://bucket/prefix`. */
  readonly location: string;
  /**
   * Stores a stream of unknown length. The object appears under its key only when all of it is durable; on any error
   * or abort nothing is left (best effort: leftovers are never visible in `list`, see `removeLeftovers`).
   * `replace: false` (default) fails with `store.exists` if the key is taken. Resolves to the bytes written.
   */
  put(key: string, body: Body, options?: PutOptions): Promise<number>;
  /** Streams an object, or bytes `start` to the end. `store.missing` if absent; fails if cut short, never ends early. */
  get(key: string, start?: number): AsyncIterable<Buffer>;
  head(key: string): Promise<StoredObject | undefined>;
  /** All objects under a prefix, in key order, some at a time, without aliases, partial uploads, and what is removed meanwhile. */
  list(prefix: string, options?: ListOptions): AsyncIterable<readonly StoredObject[]>;
  /** Removing what is absent is fine. `store.locked` where Object Lock keeps it, which names until when. */
  remove(key: string): Promise<void>;
  /** A second name for the same bytes without sending them again: hard link or server-side copy. */
  copy(from: string, to: string): Promise<void>;
  /** Moves `alias` atomically to `key`, which lies in the same folder. */
  point(alias: string, key: string): Promise<void>;
  /** Key that an alias points to; undefined if there is none. */
  resolve(alias: string): Promise<string | undefined>;
  /**
   * Keeps an object that Object Lock protects until that time at least; never shortens, and does nothing for one without a
   * lock, as in a directory. `store.refused` where the account may not.
   */
  prolong(key: string, until: Date): Promise<void>;
  space(): Promise<Space | undefined>;
  /** How many unfinished `put`s begun before that time there are: under way, or left by killed runs. */
  leftovers(olderThan: Date): Promise<number>;
  /** Removes what killed runs left of a `put` begun before that time; resolves to how many it removed. */
  removeLeftovers(olderThan: Date): Promise<number>;
  /** Absent for a directory, which keeps nothing. */
  readonly versions?: Versions;
}

/** One version of an object in a versioned bucket. */
export interface ObjectVersion {
  readonly key: string;
  readonly id: string;
  /** 0 for a deletion. */
  readonly bytes: number;
  readonly modified: Date;
  /** What everybody sees. */
  readonly isCurrent: boolean;
  /** A delete marker: it hides the versions before it. */
  readonly isDeletion: boolean;
  /** Equal where the content is, as far as the server can tell; empty for a deletion. */
  readonly etag: string;
}

/** What a store keeps of objects that were removed or written over. */
export interface Versions {
  /** True where the bucket keeps versions, now or formerly. */
  readonly areKept: () => Promise<boolean>;
  /** True where a rule of the bucket removes old ones under the store's prefix. */
  readonly expire: () => Promise<boolean>;
  /** All versions under a prefix, those of a key together, newest first. */
  readonly list: (prefix: string) => AsyncIterable<ObjectVersion>;
  readonly get: (version: ObjectVersion) => AsyncIterable<Buffer>;
  /** Makes an old version the current one again, by a copy: nothing is removed. */
  readonly bringBack: (version: ObjectVersion) => Promise<void>;
}

export interface ListOptions {
  /**
   * False for an object whose name is enough: where size, time and tag have to be asked for, as on disk, it has none of
   * them (0 bytes, the time 0, no tag). @default all are asked for
   */
  readonly describes?: (key: string) => boolean;
  /** Objects up to this key, in key order, are passed over; S3 does not send them. @default '' - none are */
  readonly after?: string;
}

export interface PutOptions {
  /** @default false - an archive is never overwritten */
  readonly replace?: boolean;
  /** Stops the writing with `run.interrupted`, also while the body has nothing to give. */
  readonly signal?: AbortSignal;
  /**
   * SHA-256 of the whole body, where it is known before. Then an upload that is stopped or cut off leaves its parts, and
   * the next one with the same content sends only those that are missing. @default - every upload begins anew
   */
  readonly sha256?: string;
  /** Awaited before so many bytes are sent. @default - as fast as it goes */
  readonly pace?: ((bytes: number) => Promise<void>) | undefined;
}
