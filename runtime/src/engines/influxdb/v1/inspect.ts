import { BackupError } from '../../../core/errors.ts';
import { collect } from '../../../core/process.ts';
import type { Entries, Fingerprint } from '../../engine.ts';
import type { Database1, Header1 } from '../header.ts';
import type { ItemCounts } from '../tsm/item-counts.ts';
import { countDatabaseFiles, itemOf } from './count-files.ts';
import {
  checkShardFile,
  entryParts,
  isManifest,
  isSchema,
  isShard,
  parseManifest,
  readSchemaFile,
  type Learnt,
  type Manifest,
} from './files.ts';

/** What is looked at of a database, file by file. */
interface Looking {
  readonly learnt: Pick<Learnt, 'meta' | 'count'>;
  manifest: Manifest | undefined;
}

const shardOf = ({ manifest }: Looking, file: string): number =>
  manifest?.files?.find(({ fileName }) => fileName === file)?.shardID ?? 0;

/** Names of the files that one file names. */
const check = async (
  file: string,
  content: AsyncIterable<Buffer>,
  looking: Looking,
): Promise<readonly string[]> => {
  if (isShard(file)) {
    const count = looking.learnt.count?.(shardOf(looking, file));
    await checkShardFile(content, file, 'archive.damaged', count);
    return [];
  }
  const bytes = await collect(content); // manifest or meta store: both small
  if (bytes.length === 0) throw new BackupError('archive.damaged', `${file} is empty`);
  if (file === looking.manifest?.meta.fileName) looking.learnt.meta?.(bytes);
  if (!isManifest(file)) return [];
  looking.manifest = parseManifest(bytes.toString('utf8'), 'archive.damaged');
  const { meta, files } = looking.manifest;
  return [meta.fileName, ...(files ?? []).map(({ fileName }) => fileName)];
};

/** Items without counts, which need a server. */
const named = (databases: readonly Database1[]): Fingerprint =>
  Object.fromEntries(
    databases.flatMap(({ name, retentionPolicies }) =>
      retentionPolicies.map((policy) => [itemOf(name, policy.name), {}] as const),
    ),
  );

/** Every file that the manifests name is there and sound, and nothing else; counted where the dump was counted so. */
export const inspect = async (
  header: Header1,
  entries: Entries,
  counts?: ItemCounts,
): Promise<Fingerprint> => {
  const described: Database1[] = [];
  const found = new Set<string>();
  const wanted = new Set<string>();
  let looking: Looking = { learnt: {}, manifest: undefined };
  for await (const { name, content } of entries) {
    const { database, file } = entryParts(name);
    if (isSchema(file)) {
      const schema = await readSchemaFile(content, database);
      described.push(schema);
      looking = { learnt: counts ? countDatabaseFiles(counts, schema) : {}, manifest: undefined };
      continue;
    }
    found.add(`${database}/${file}`);
    for (const each of await check(file, content, looking)) wanted.add(`${database}/${each}`);
  }
  const absent = [...wanted].filter((file) => !found.has(file));
  if (absent.length > 0 || wanted.size === 0)
    throw new BackupError('archive.damaged', `the archive lacks ${absent.join(', ') || 'every database'}`);
  return counts?.result() ?? named(described.length > 0 ? described : header.databases);
};
