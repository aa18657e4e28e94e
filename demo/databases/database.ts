/** Content of a database: item (table, bucket, key type) → hash of all it holds, made without the product's code. */
export type Digest = Readonly<Record<string, string>>;

/** A database of the demo with its private server. */
export interface Database {
  /** Name of the target in the plan. */
  readonly target: string;
  /** For people: `PostgreSQL 15.20`. */
  readonly title: string;
  /** Where it listens: replaces these fields of the plan's `connection`. */
  readonly connection: Readonly<Record<string, string | number>>;
  /** By role of the engine's secretKeys. */
  readonly credentials: Readonly<Record<string, string>>;
  /** Writes Grill Stats data of about `bytes`. */
  readonly fill: (bytes: number) => Promise<void>;
  readonly digest: () => Promise<Digest>;
  /** Destroys data; says what, for people. */
  readonly damage: () => Promise<string>;
  /** Ends the server; all it held is gone. */
  readonly stop: () => Promise<void>;
  /** A server of the same kind that holds nothing yet, for its administrator. */
  readonly startEmpty: () => Promise<Database>;
}

/** Items whose content differs, is missing, or is new. */
export const changed = (before: Digest, after: Digest): readonly string[] =>
  [...new Set([...Object.keys(before), ...Object.keys(after)])].filter(
    (item) => before[item] !== after[item],
  );
