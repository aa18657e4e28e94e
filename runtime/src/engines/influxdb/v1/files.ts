import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { z } from 'zod';
import { BackupError, messageOf, type FailureCode } from '../../../core/errors.ts';
import { oneChunk } from '../../../core/one-chunk.ts';
import { collect } from '../../../core/process.ts';
import type { DumpEntry } from '../../engine.ts';
import { database as databaseSchema, type Database1 } from '../header.ts';
import { parseJson } from '../json.ts';
import { checkedShard, type ShardContent } from '../shard.ts';
import type { ShardCount } from '../tsm/shard-count.ts';

/** `<time>.manifest` of a portable backup (influxd backup: backup_util.Manifest). */
const manifest = z.looseObject({
  meta: z.looseObject({ fileName: z.string() }),
  files: z
    .array(
      z.looseObject({
        database: z.string(),
        policy: z.string(),
        fileName: z.string(),
        /** Id of the shard on the server that was backed up. */
        shardID: z.int(),
      }),
    )
    .nullable(),
});

export type Manifest = z.output<typeof manifest>;

export const parseManifest = (text: string, failure: FailureCode): Manifest =>
  parseJson(manifest, text, 'the manifest of the portable backup', failure);

export const isManifest = (file: string): boolean => file.endsWith('.manifest');
export const isShard = (file: string): boolean => file.endsWith('.tar.gz');

/** Reads a shard's file to its end and checks it; `count` counts it. */
export const checkShardFile = async (
  content: AsyncIterable<Buffer>,
  file: string,
  failure: FailureCode,
  count?: ShardCount,
): Promise<ShardContent> => {
  const plain = async function* (source: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    try {
      yield* source;
    } catch (error) {
      throw error instanceof BackupError
        ? error
        : new BackupError(failure, `shard ${file}: ${messageOf(error)}`, { cause: error });
    }
  };
  const tar = createGunzip();
  const fed = pipeline(content, tar);
  fed.catch(() => {}); // surfaces through the iterator, or below
  let found: ShardContent = { tsmFiles: 0, tsmBytes: 0, tombstones: 0 };
  const checked = checkedShard(plain(tar as AsyncIterable<Buffer>), file, failure, {
    report: (content) => (found = content),
    count,
  });
  for (let next = await checked.next(); !next.done; next = await checked.next());
  await fed;
  return found;
};

/** Streams a file and removes it. */
async function* passing(path: string): AsyncGenerator<Buffer, void, undefined> {
  yield* createReadStream(path, { highWaterMark: 1 << 18 }) as AsyncIterable<Buffer>;
  await rm(path);
}

/** Entry name of a file of a database's backup; names of databases may hold anything. */
export const entryName = (database: string, file: string): string =>
  `v1/${encodeURIComponent(database).replace(/^\./, '%2E')}/${file}`;

/** Entry that describes a database, before its files. */
const schemaFile = 'schema.json';

export const isSchema = (file: string): boolean => file === schemaFile;

export const schemaEntry = (schema: Database1): DumpEntry => ({
  name: entryName(schema.name, schemaFile),
  content: oneChunk(`${JSON.stringify(schema, null, 2)}\n`),
});

/** A shard, as the manifest of a portable backup names it. */
type ShardFile = NonNullable<Manifest['files']>[number];

/** Manifest and meta store of a portable backup; nothing that restores reads the sizes in it, which nobody knows yet. */
export const portableFiles = (
  database: string,
  meta: Buffer,
  shards: readonly ShardFile[],
): readonly DumpEntry[] => {
  const [manifestFile, metaFile] = ['backup.manifest', 'backup.meta'];
  const files = shards.map((shard) => ({ ...shard, size: 0, lastModified: 0 }));
  const about = { meta: { fileName: metaFile, size: meta.length }, limited: false, files };
  return [
    { name: entryName(database, manifestFile), content: oneChunk(JSON.stringify(about, null, 2)) },
    { name: entryName(database, metaFile), content: oneChunk(meta) },
  ];
};

/** @throws BackupError archive.damaged */
export const readSchemaFile = async (
  content: AsyncIterable<Buffer>,
  database: string,
): Promise<Database1> => {
  const text = (await collect(content)).toString('utf8');
  const schema = parseJson(
    databaseSchema,
    text,
    `the description of database ${database}`,
    'archive.damaged',
  );
  if (schema.name === database) return schema;
  throw new BackupError('archive.damaged', `the description of database ${database} names ${schema.name}`);
};

/** Database and file of an entry. @throws BackupError archive.damaged */
export const entryParts = (name: string): { readonly database: string; readonly file: string } => {
  const [, database, file] = /^v1\/([^/]+)\/([^/]+)$/.exec(name) ?? [];
  if (database === undefined || file === undefined)
    throw new BackupError('archive.damaged', `entry ${name} does not belong to this engine`);
  return { database: decodeURIComponent(database), file };
};

const missing = (file: string): BackupError =>
  new BackupError('dump.damaged', `influxd backup did not write ${file}, which its manifest names`);

/** What is learnt from the files of a database while they pass. */
export interface Learnt {
  /** The meta store, before any shard. */
  readonly meta?: (meta: Buffer) => void;
  /** Shards with deletes that the server has not yet applied to its files. */
  readonly tombstones?: (shard: number) => void;
  /** What counts a shard. @default nothing */
  readonly count?: (shard: number) => ShardCount;
}

/** Files of a portable backup, checked: manifest, meta store, shards. None where the database holds no shard. */
export async function* filesOf(
  folder: string,
  database: string,
  learnt: Learnt,
): AsyncGenerator<DumpEntry, void, undefined> {
  const present = await readdir(folder);
  const manifestFile = present.find(isManifest);
  if (manifestFile === undefined) throw missing('a manifest');
  const { meta, files } = parseManifest(await readFile(join(folder, manifestFile), 'utf8'), 'dump.damaged');
  if (files === null || files.length === 0) return;
  const shards = files.map(({ fileName }) => basename(fileName));
  for (const file of [manifestFile, basename(meta.fileName), ...shards]) {
    if (!present.includes(file)) throw missing(file);
    const path = join(folder, file);
    const shard = files.find(({ fileName }) => basename(fileName) === file);
    if (file === basename(meta.fileName)) learnt.meta?.(await readFile(path));
    if (shard) {
      const count = learnt.count?.(shard.shardID);
      const { tombstones } = await checkShardFile(createReadStream(path), file, 'dump.damaged', count);
      if (tombstones > 0) learnt.tombstones?.(shard.shardID);
    }
    yield { name: entryName(database, file), content: passing(path) };
  }
}

/** Writes an entry into a folder, as the portable backup had it. */
export const spool = async (content: AsyncIterable<Buffer>, folder: string, file: string): Promise<void> => {
  await mkdir(folder, { recursive: true });
  await pipeline(Readable.from(content), createWriteStream(join(folder, file), { mode: 0o600 }));
};
