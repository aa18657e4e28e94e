import { pipeline } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGzip } from 'node:zlib';
import type { RunContext } from '../../../core/context.ts';
import type { DumpEntry, ServerInfo } from '../../engine.ts';
import { BackupError } from '../../../core/errors.ts';
import { oneChunk } from '../../../core/one-chunk.ts';
import type { Earlier, NewPart, PartsDump } from '../../engine-parts.ts';
import { headerEntry, type Database1 } from '../header.ts';
import { addressOf, type InfluxdbSource } from '../http.ts';
import { nanoseconds } from '../intervals.ts';
import { listingEntry, measured } from '../listing.ts';
import { assertHoldsPoints } from '../ranges.ts';
import { readNotes } from '../shard-notes.ts';
import { newPart, outcomeOf, shardParts, type Known, type PartShard } from '../shard-parts.ts';
import { ItemCounts } from '../tsm/item-counts.ts';
import { emptyTar, unchangedShards } from '../unchanged.ts';
import { countDatabaseFiles, itemOf } from './count-files.ts';
import { databasesOf, failure } from './dump.ts';
import { entryName, portableFiles, schemaEntry } from './files.ts';
import { listShards } from './list.ts';
import { groupsIn, policiesIn, portableMeta } from './meta.ts';
import { proofOf } from './proof.ts';
import { metaStore, shardTar } from './rpc.ts';
import { readSchema } from './schema.ts';

/** A server as it is when its dump begins. */
interface Start {
  /** As a portable backup has it. */
  readonly meta: Buffer;
  readonly schemas: readonly Database1[];
}

/** Times that a server is described again because it changed meanwhile. */
const retries = 9;

const sorted = (names: readonly string[]): string => JSON.stringify(names.toSorted());

/** Databases and meta store, of the same retention policies. @throws BackupError dump.failed */
const describe = async (context: RunContext, source: InfluxdbSource): Promise<Start> => {
  for (let retry = 0; retry <= retries; retry++) {
    const schemas: Database1[] = [];
    for (const name of await databasesOf(context, source))
      schemas.push(await readSchema(context, source, name, failure));
    const meta = portableMeta(await metaStore(context, source));
    const isSame = ({ name, retentionPolicies }: Database1): boolean =>
      sorted(retentionPolicies.map((policy) => policy.name)) === sorted(policiesIn(meta, name));
    if (schemas.every(isSame)) return { meta, schemas };
  }
  throw new BackupError(
    failure,
    `retention policies of ${addressOf(source)} changed each time that they were read; take it while nothing creates or drops them`,
  );
};

/** While a shard is busy with its cache, the service closes the connection without a byte. */
const busyPauseMs = 1_000;
const busyRetries = 60;

async function* joined(first: Buffer, rest: AsyncGenerator<Buffer>): AsyncGenerator<Buffer> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return(undefined);
  }
}

/** Tar file of a shard; an empty one where retention has dropped it meanwhile, as the meta store names it. */
const openShard = async (
  context: RunContext,
  source: InfluxdbSource,
  id: number,
): Promise<AsyncIterable<Buffer>> => {
  for (let retry = 0; ; retry++) {
    const content = shardTar(context, source, id);
    const first = await content.next();
    if (!first.done) return joined(first.value, content);
    if (!(await listShards(context, source, failure)).has(id)) {
      context.log.info({ shard: id }, 'a shard was dropped by retention before it was read');
      return oneChunk(emptyTar);
    }
    if (retry === busyRetries)
      throw new BackupError(failure, `${addressOf(source)} sent nothing of shard ${id}`);
    context.log.info({ shard: id }, 'requesting a shard again');
    await sleep(busyPauseMs, undefined, { signal: context.signal });
  }
};

/** As a portable backup has it, but not compressed: the part is. */
const gzipped = (tar: AsyncIterable<Buffer>): AsyncIterable<Buffer> =>
  pipeline(tar, createGzip({ level: 0 }), () => {}); // errors surface through the iterator

const fileOf = (id: number): string => `s${id}.tar.gz`;

const shardsOf = (meta: Buffer, database: string): readonly PartShard[] =>
  groupsIn(meta, database).flatMap(({ policy, start, end, shards }) => {
    const item = itemOf(database, policy);
    const span = { first: nanoseconds(start), last: nanoseconds(end) - 1n };
    const of = { database, policy };
    return shards.map((id) => ({ id, name: entryName(database, fileOf(id)), owner: item, item, of, span }));
  });

/** Description, manifest and meta store of a database, as a portable backup has them; only the first of one without shards. */
const headOf = (meta: Buffer, schema: Database1): readonly DumpEntry[] => {
  const { name } = schema;
  const shards = groupsIn(meta, name).flatMap(({ policy, shards: ids }) =>
    ids.map((shardID) => ({ database: name, policy, shardID, fileName: fileOf(shardID) })),
  );
  return [schemaEntry(schema), ...(shards.length > 0 ? portableFiles(name, meta, shards) : [])];
};

/** As `dump`, with shards as parts: of those that did not change, nothing is read. They are read from the RPC port, not by `influxd`. */
export const dumpParts = async (
  context: RunContext,
  source: InfluxdbSource,
  server: ServerInfo,
  earlier: Earlier | undefined,
): Promise<PartsDump> => {
  const asOf = context.now();
  await listShards(context, source, failure); // told only to administrators
  const notes = await readNotes(context, earlier);
  const { seriesKey } = notes;
  const counts = new ItemCounts(context, asOf, 'tags', seriesKey);
  const known: Known = { counts, files: [], notes: new Map() };
  const proof = proofOf(context, source);
  const read = async (shard: PartShard): Promise<NewPart> => {
    await proof.look();
    const since = proof.clock.mark;
    const tar = await openShard(context, source, shard.id);
    return newPart(known, shard, tar, { since, stored: gzipped });
  };
  const own = (entry: DumpEntry): DumpEntry => ({
    name: entry.name,
    content: measured(entry, (file) => known.files.push(file)),
  });
  async function* entries(): PartsDump['entries'] {
    const { meta, schemas } = await describe(context, source);
    const about = { format: 1, generation: 1, version: server.version, asOf: asOf.toISOString() } as const;
    yield own(headerEntry({ ...about, databases: [...schemas], counted: 'stream' }));
    await proof.look();
    const all = schemas.flatMap(({ name }) => shardsOf(meta, name));
    const unchanged = await unchangedShards(context, proof, all, notes.shards, earlier);
    for (const schema of schemas) {
      countDatabaseFiles(counts, schema).meta(meta);
      for (const entry of headOf(meta, schema)) yield own(entry);
      yield* shardParts(known, shardsOf(meta, schema.name), unchanged, notes.shards, read);
    }
    assertHoldsPoints(counts.result(), addressOf(source));
    yield listingEntry(known.files);
  }
  return { server, entries: entries(), ...outcomeOf(context, known, seriesKey) };
};
