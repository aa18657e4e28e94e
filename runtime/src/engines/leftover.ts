export const leftoverKinds = ['unfinished', 'kept'] as const;

/** What a restore left on a database server: a database, a schema, a bucket. No running restore works on it. */
export interface Leftover {
  /** As people name it: `database grill_restore_20240101_020000`. */
  readonly name: string;
  /** `unfinished`: a killed restore left it, nobody needs it. `kept`: its undo needs it, or it may be all there is. */
  readonly kind: (typeof leftoverKinds)[number];
  /** Space on the server; absent where it does not tell. */
  readonly bytes?: number | undefined;
  /** Removes it from the server, for good. @throws BackupError */
  readonly remove: () => Promise<void>;
}
