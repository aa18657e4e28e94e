import { z } from 'zod';
import type { RunContext } from '../../core/context.ts';
import { messageOf } from '../../core/errors.ts';
import { collect } from '../../core/process.ts';
import type { Earlier } from '../engine-parts.ts';
import { parseJson } from './json.ts';

const count = z.int().min(0);

const note = z.strictObject({
  /** Bucket or retention policy: its data may not be another's of the same number. */
  owner: z.string(),
  /** The server's clock before the shard was read: what its files have of later is new. */
  since: z.iso.datetime({ precision: 3 }),
  tsmFiles: count,
  tsmBytes: count,
  /** Of the entry, for the list of a dump's files. */
  bytes: count,
  sha256: z.string(),
  facts: z.strictObject({
    intervals: z.array(z.string()),
    points: z.array(z.tuple([count, count, count])),
    series: z.base64(),
  }),
});

/** What is known of a shard whose part may go on. */
export type ShardNote = z.output<typeof note>;

/** Changes whenever a note means something else, such as another hash of series: notes of another format are none. */
const format = 1;

const notes = z.strictObject({
  format: z.literal(format),
  /** Of the hash of series. */
  seriesKey: z.string().regex(/^[0-9a-f]{16}$/),
  shards: z.array(z.tuple([count, note])),
});

/** Notes of more than this are not read: what they say then has to be counted again. */
const mostBytes = 64 << 20;

/** What a dump notes. */
export interface Notes {
  /** Of the hash of series, eight bytes. */
  readonly seriesKey: Buffer;
  readonly shards: ReadonlyMap<number, ShardNote>;
}

const textOf = ({ seriesKey, shards }: Notes): Buffer =>
  Buffer.from(JSON.stringify({ format, seriesKey: seriesKey.toString('hex'), shards: [...shards] }));

export const writeNotes = (noted: Notes): Buffer => {
  const text = textOf(noted);
  return text.length > mostBytes ? textOf({ ...noted, shards: new Map() }) : text;
};

/** What the earlier dump noted; no shard where that cannot be read, which only costs time. */
export const readNotes = async (context: RunContext, earlier: Earlier | undefined): Promise<Notes> => {
  const none = { seriesKey: context.randomBytes(8), shards: new Map<number, ShardNote>() };
  if (!earlier) return none;
  try {
    const text = (await collect(earlier.notes())).toString('utf8');
    const { seriesKey, shards } = parseJson(
      notes,
      text,
      'the notes of the earlier archive',
      'archive.damaged',
    );
    return { seriesKey: Buffer.from(seriesKey, 'hex'), shards: new Map(shards) };
  } catch (error) {
    context.signal.throwIfAborted();
    context.log.warn({ problem: messageOf(error) }, 'every shard is read again');
    return none;
  }
};
