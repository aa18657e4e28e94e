import { z } from 'zod';
import { BackupError } from '../../core/errors.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import { collect } from '../../core/process.ts';
import type { DumpEntry, Entries } from '../engine.ts';
import { parseJson } from './json.ts';
import { unlisted } from './listing.ts';

/** Name of the first entry of every dump. */
export const headerName = 'influxdb.json';

/** What is known of a database of 1.x besides its points. */
export const database = z.strictObject({
  name: z.string(),
  retentionPolicies: z.array(
    z.strictObject({
      name: z.string(),
      /** As the server writes it: `720h0m0s`, `0s` for ever. */
      duration: z.string(),
      shardGroupDuration: z.string(),
      replication: z.int(),
      isDefault: z.boolean(),
    }),
  ),
  /** Whole statements, `CREATE CONTINUOUS QUERY …`. */
  continuousQueries: z.array(z.string()),
  grants: z.array(z.strictObject({ user: z.string(), privilege: z.string() })),
  /** Left out by a restore of InfluxDB, which tells of them. Absent in archives of earlier versions. */
  subscriptions: z
    .array(
      z.strictObject({
        policy: z.string(),
        name: z.string(),
        mode: z.string(),
        destinations: z.array(z.string()),
      }),
    )
    .optional(),
});

/** Who counted what the dump holds: its shards, while they passed, or, where it is absent, queries at the server. */
const counted = z.literal('stream').optional();

/** What a dump says of itself; 1.x adds what its portable backup does not carry. */
export const header = z.discriminatedUnion('generation', [
  z.strictObject({
    format: z.literal(1),
    generation: z.literal(1),
    version: z.string(),
    /** Points later than this are in the dump, or not, but count nowhere. */
    asOf: z.iso.datetime(),
    /**
     * Databases as they were at the beginning, for a preview. What the dump holds says `schema.json` before the files of
     * each; archives of earlier versions have no such files.
     */
    databases: z.array(database),
    counted,
  }),
  z.strictObject({
    format: z.literal(1),
    generation: z.literal(2),
    version: z.string(),
    asOf: z.iso.datetime(),
    /** Everything of the server but buckets, points, users and tokens. Absent in archives of earlier versions. */
    objects: z
      .array(z.strictObject({ kind: z.string(), organization: z.string(), name: z.string() }))
      .optional(),
    counted,
  }),
]);

export type Header = z.output<typeof header>;
export type Header1 = Extract<Header, { generation: 1 }>;
export type Header2 = Extract<Header, { generation: 2 }>;
export type Database1 = z.output<typeof database>;

export const headerEntry = (content: Header): DumpEntry => ({
  name: headerName,
  content: oneChunk(`${JSON.stringify(content, null, 2)}\n`),
});

/** Entries after the header, and how to end the reading. */
export interface Opened {
  readonly header: Header;
  readonly rest: AsyncIterable<DumpEntry>;
}

const damaged = (message: string): BackupError => new BackupError('archive.damaged', message);

const readHeader = async (content: AsyncIterable<Buffer>): Promise<Header> =>
  parseJson(header, (await collect(content)).toString('utf8'), headerName, 'archive.damaged');

async function* after(iterator: AsyncIterator<DumpEntry>): AsyncGenerator<DumpEntry> {
  try {
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) yield next.value;
  } finally {
    await iterator.return?.();
  }
}

/** Reads the header, the first entry. @throws BackupError archive.damaged */
export const openEntries = async (entries: Entries): Promise<Opened> => {
  const iterator = unlisted(entries)[Symbol.asyncIterator]();
  try {
    const first = await iterator.next();
    if (first.done || first.value.name !== headerName)
      throw damaged(
        `the archive begins with ${first.done ? 'nothing' : first.value.name}, expected ${headerName}`,
      );
    return { header: await readHeader(first.value.content), rest: after(iterator) };
  } catch (error) {
    await iterator.return?.();
    throw error;
  }
};
