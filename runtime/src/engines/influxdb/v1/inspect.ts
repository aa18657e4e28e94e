import { BackupError } from '../../../core/errors.ts';
import { collect } from '../../../core/process.ts';
import type { Entries, Fingerprint } from '../../engine.ts';
import type { Database1, Header1 } from '../header.ts';
import {
  checkShardFile,
  entryParts,
  isManifest,
  isSchema,
  isShard,
  parseManifest,
  readSchemaFile,
} from './files.ts';

const check = async (file: string, content: AsyncIterable<Buffer>): Promise<readonly string[]> => {
  if (isShard(file)) {
    await checkShardFile(content, file, 'archive.damaged');
    return [];
  }
  const bytes = await collect(content); // manifest or meta store: both small
  if (bytes.length === 0) throw new BackupError('archive.damaged', `${file} is empty`);
  if (!isManifest(file)) return [];
  const { meta, files } = parseManifest(bytes.toString('utf8'), 'archive.damaged');
  return [meta.fileName, ...(files ?? []).map(({ fileName }) => fileName)];
};

/** Every file that the manifests name is there and sound, and nothing else; items are named, points need a server. */
export const inspect = async (header: Header1, entries: Entries): Promise<Fingerprint> => {
  const described: Database1[] = [];
  const found = new Set<string>();
  const wanted = new Set<string>();
  for await (const { name, content } of entries) {
    const { database, file } = entryParts(name);
    if (isSchema(file)) {
      described.push(await readSchemaFile(content, database));
      continue;
    }
    found.add(`${database}/${file}`);
    for (const each of await check(file, content)) wanted.add(`${database}/${each}`);
  }
  const absent = [...wanted].filter((file) => !found.has(file));
  if (absent.length > 0 || wanted.size === 0)
    throw new BackupError('archive.damaged', `the archive lacks ${absent.join(', ') || 'every database'}`);
  return Object.fromEntries(
    (described.length > 0 ? described : header.databases).flatMap(({ name, retentionPolicies }) =>
      retentionPolicies.map((policy) => [`${name}/${policy.name}`, {}] as const),
    ),
  );
};
