import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BackupError } from '../../../core/errors.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { Entries, RestoreScope } from '../../engine.ts';
import type { Database1, Header1 } from '../header.ts';
import { choose } from '../scope.ts';
import { skip } from '../skip.ts';
import { suspended } from '../suspension.ts';
import { entryParts, isManifest, isSchema, parseManifest, readSchemaFile, spool } from './files.ts';
import { alterPolicies } from './meta.ts';

/** A database of the archive, its files in a folder; no folder where it had no shard. */
export interface Unpacked {
  readonly schema: Database1;
  readonly folder: string | undefined;
}

/** The retention of what is restored waits until it is proved; subscriptions that the archive describes are made at the end. */
const alterMeta = async (
  folder: string,
  manifestFile: string,
  { subscriptions }: Database1,
): Promise<void> => {
  const { meta } = parseManifest(await readFile(join(folder, manifestFile), 'utf8'), 'archive.damaged');
  if (/[/\\]|^\.+$/.test(meta.fileName))
    throw new BackupError('archive.damaged', `${manifestFile} names a file outside of the backup`);
  const path = join(folder, meta.fileName);
  const altered = alterPolicies(await readFile(path), {
    duration: suspended,
    subscriptions: subscriptions ? 'dropped' : 'kept',
  });
  await writeFile(path, altered);
};

/** Files of the wanted databases → folders below `scratch`. @throws BackupError archive.damaged, restore.refused */
export const unpack = async (
  entries: Entries,
  scratch: string,
  header: Header1,
  scope: RestoreScope,
): Promise<readonly Unpacked[]> => {
  let schemas = new Map(header.databases.map((schema) => [schema.name, schema]));
  let areDescribed = false;
  const folders = new Map<string, string>();
  const manifests = new Map<string, string>();
  for await (const { name, content } of entries) {
    const { database, file } = entryParts(name);
    if (isSchema(file)) {
      if (!areDescribed) schemas = new Map(); // some of the header's may have been dropped during the dump
      areDescribed = true;
      schemas.set(database, await readSchemaFile(content, database));
    } else if (!schemas.has(database))
      throw new BackupError(
        'archive.damaged',
        `entry ${name} belongs to no database that the archive describes`,
      );
    else if (scope.only && !scope.only.includes(database)) await skip(content);
    else {
      const folder = folders.get(database) ?? join(scratch, `${folders.size}`);
      folders.set(database, folder);
      if (isManifest(file)) manifests.set(database, file);
      await spool(content, folder, file);
    }
  }
  const chosen = choose([...schemas.values()], scope, ({ name }) => name);
  for (const [database, file] of manifests)
    await alterMeta(
      mustExist(folders.get(database), 'folder of the database'),
      file,
      mustExist(schemas.get(database), 'schema of the database'),
    );
  return chosen.map((schema) => ({ schema, folder: folders.get(schema.name) }));
};
