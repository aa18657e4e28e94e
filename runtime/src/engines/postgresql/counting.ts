import type { Client } from 'pg';
import { BackupError } from '../../core/errors.ts';
import type { Fingerprint } from '../engine.ts';
import { countRows, type Table } from './count.ts';
import { decoderOf } from './encodings.ts';
import { withRowTypes, type RowTypes } from './row-types.ts';
import { StreamCount } from './stream-count.ts';

/** What is dumped. */
export interface Counted {
  readonly tables: readonly Table[];
  /** Of the dump. */
  readonly encoding: string;
  /** Read where content is hashed in the stream. */
  readonly rowTypes: RowTypes;
}

/** Counts the rows of a dump while it runs. */
export interface Counting {
  /** True where tables are read besides pg_dump: then they are locked before it locks them. */
  readonly readsTables: boolean;
  /** True where content is hashed in the stream. */
  readonly hashesStream: boolean;
  /** The dump begins; again where another snapshot had to be taken. */
  readonly begin: (dumped: Counted) => void;
  /** The next bytes of the dump. */
  readonly pass: (chunk: Buffer) => void;
  /** After its end. */
  readonly result: () => Promise<Fingerprint>;
}

const notRead = (): BackupError => new BackupError('dump.failed', 'the dump was not read to its end');

/** Counts by queries in the snapshot of the dump, at the same time: a second source, which reads every table once more. */
export const countByServer = (client: Client, hashed: boolean | undefined): Counting => {
  let counted: Promise<Fingerprint> | undefined;
  return {
    readsTables: true,
    hashesStream: false,
    begin: ({ tables }) => {
      counted = countRows(client, tables, hashed);
      counted.catch(() => {}); // reported by result()
    },
    pass: () => {},
    result: () => counted ?? Promise.reject(notRead()),
  };
};

/** What was counted of a dump that has passed. */
export const fingerprintOf = (passed: StreamCount, { tables, encoding, rowTypes }: Counted): Fingerprint => {
  const decoder = decoderOf(encoding);
  return withRowTypes(
    passed.result(tables, (bytes) => decoder.decode(bytes)),
    rowTypes,
  );
};

/**
 * Counts what passes, and hashes it where `hashed`. A dump of a version that is not known is counted by the server, under the locks
 * of pg_dump.
 */
export const countInStream = (client: Client, hashed: boolean): Counting => {
  let begun: { readonly dumped: Counted; readonly rows: StreamCount } | undefined;
  let byServer: Counting | undefined;
  return {
    readsTables: false,
    hashesStream: hashed,
    begin: (dumped) => {
      begun = { dumped, rows: new StreamCount(hashed) };
    },
    pass: (chunk) => {
      if (!begun || byServer) return;
      begun.rows.push(chunk);
      if (!begun.rows.isUnknown) return;
      byServer = countByServer(client, hashed);
      byServer.begin(begun.dumped);
    },
    result: async () => {
      if (byServer) return byServer.result();
      if (!begun) throw notRead();
      return fingerprintOf(begun.rows, begun.dumped);
    },
  };
};
