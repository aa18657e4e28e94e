import { BackupError, type FailureCode } from '../../../core/errors.ts';
import { collect } from '../../../core/process.ts';
import type { Entries } from '../../engine.ts';
import { checkedShard } from '../shard.ts';
import { skip } from '../skip.ts';
import type { ShardCount } from '../tsm/shard-count.ts';
import { parseBuckets, shardIds, type BucketMetadata } from './buckets.ts';

/** Names of the entries, in their order; shards follow. */
export const entryNames = { kv: 'v2/kv.bolt', sql: 'v2/sql.sqlite', buckets: 'v2/buckets.json' } as const;

export const shardName = (id: number): string => `v2/shards/${id}.tar`;

type Content = AsyncIterable<Buffer>;

/** What to do with each entry; each reads its content to the end. */
export interface Handlers {
  readonly kv: (content: Content) => Promise<void>;
  readonly sql: (content: Content) => Promise<void>;
  readonly buckets: (buckets: readonly BucketMetadata[]) => Promise<void>;
  readonly shard: (id: number, content: Content) => Promise<void>;
}

/** A page of bolt begins with 16 bytes of header; that of the first holds this (bbolt: magic 0xED0CDAED). */
const magics = {
  kv: { at: 16, bytes: Buffer.from('edda0ced', 'hex') },
  sql: { at: 0, bytes: Buffer.from('SQLite format 3\0') },
} as const;

/** Passes a store's file through, that must begin as one. */
export async function* checkedStore(
  content: Content,
  store: keyof typeof magics,
  failure: FailureCode,
): AsyncGenerator<Buffer, void, undefined> {
  const { at, bytes } = magics[store];
  const fail = (): never => {
    throw new BackupError(failure, `${entryNames[store]} is not what influxdb writes`);
  };
  let start = Buffer.alloc(0);
  for await (const chunk of content) {
    if (start.length < at + bytes.length)
      start = Buffer.concat([start, chunk]).subarray(0, at + bytes.length);
    if (start.length === at + bytes.length && !start.subarray(at).equals(bytes)) fail();
    yield chunk;
  }
  if (start.length < at + bytes.length) fail();
}

const misplaced = (name: string): BackupError =>
  new BackupError('archive.damaged', `entry ${name} does not belong to this engine, or out of order`);

/**
 * Reads the entries of 2.x after the header, in their order; `countOf` says what counts a shard, by its id.
 * @throws BackupError archive.damaged
 */
export const readEntries = async (
  entries: Entries,
  handlers: Handlers,
  countOf?: (id: number) => ShardCount,
): Promise<void> => {
  const expected: string[] = Object.values(entryNames);
  let known: ReadonlySet<number> = new Set();
  for await (const { name, content } of entries) {
    const next = expected.shift();
    if (next !== undefined && next !== name) throw misplaced(name);
    if (name === entryNames.kv) await handlers.kv(checkedStore(content, 'kv', 'archive.damaged'));
    else if (name === entryNames.sql) await handlers.sql(checkedStore(content, 'sql', 'archive.damaged'));
    else if (name === entryNames.buckets) {
      const buckets = parseBuckets((await collect(content)).toString('utf8'), 'archive.damaged');
      known = new Set(buckets.flatMap(shardIds));
      await handlers.buckets(buckets);
    } else {
      const id = Number(/^v2\/shards\/(\d+)\.tar$/.exec(name)?.[1] ?? Number.NaN);
      if (!known.has(id)) throw misplaced(name);
      const count = countOf?.(id);
      await handlers.shard(id, checkedShard(content, `${id}`, 'archive.damaged', { count }));
    }
  }
  if (expected.length > 0)
    throw new BackupError('archive.damaged', `the archive lacks ${expected.join(', ')}`);
};

/** The list of buckets of an archive, whose shards are not read. @throws BackupError archive.damaged */
export const bucketsIn = async (entries: Entries): Promise<readonly BucketMetadata[]> => {
  for await (const { name, content } of entries) {
    if (name === entryNames.buckets)
      return parseBuckets((await collect(content)).toString('utf8'), 'archive.damaged');
    await skip(content);
  }
  throw new BackupError('archive.damaged', `the archive lacks ${entryNames.buckets}`);
};
