import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../../core/errors.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest } from '../../engine.ts';
import { assertEqual } from '../../fingerprint.ts';
import type { Database1, Header1 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { agree } from '../ranges.ts';
import { choose, expectedOf } from '../scope.ts';
import { shell } from '../shell.ts';
import { skip } from '../skip.ts';
import { countDatabase, listDatabases } from './count.ts';
import { entryParts, spool } from './files.ts';
import { identifier, query } from './influxql.ts';
import { applyContinuousQueries, applyGrants, applyPolicies, readSchema } from './schema.ts';
import { restoreFrom } from './tool.ts';

interface Restore {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  readonly request: RestoreRequest;
  readonly asOf: Date;
}

/** A database of the archive, its files in a folder; no folder where it had no shard. */
interface Unpacked {
  readonly schema: Database1;
  readonly folder: string | undefined;
}

const failure = 'restore.failed';

const exists = async ({ context, source }: Restore, name: string): Promise<boolean> =>
  (await listDatabases(context, source, failure)).includes(name);

const drop = async ({ context, source }: Restore, name: string): Promise<void> => {
  await query(context, source, `DROP DATABASE ${identifier(name)}`, failure);
};

const isOf =
  (database: string) =>
  (item: string): boolean =>
    item.startsWith(`${database}/`);

/**
 * `influxd restore` ends when it has sent a shard, not when the server has loaded it; until then queries find nothing or
 * fail. Time given for it: by size, as the server reads it all. Measured: 0.1 s for small shards.
 */
const loadDeadlineMs = (bytes: number): number => 5_000 + bytes / 20_000;
const pollMs = 100;

const bytesIn = async (folder: string): Promise<number> => {
  const sizes = await Promise.all((await readdir(folder)).map((file) => stat(join(folder, file))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
};

const compare = async (restore: Restore, database: string, name: string): Promise<Fingerprint> => {
  const { context, source, asOf } = restore;
  const expected = expectedOf(restore.request.expected, isOf(database));
  const counted = await countDatabase(context, source, name, asOf, failure, database);
  return agree(context, expected, counted);
};

const compareOnceLoaded = async (
  restore: Restore,
  { schema, folder }: Unpacked,
  name: string,
): Promise<Fingerprint> => {
  const deadline = Date.now() + (folder === undefined ? 0 : loadDeadlineMs(await bytesIn(folder)));
  for (;;) {
    try {
      return await compare(restore, schema.name, name);
    } catch (error) {
      const loading = isBackupError(error, 'restore.mismatch') || isBackupError(error, failure);
      if (!loading || Date.now() > deadline) throw error;
      await sleep(pollMs, undefined, { signal: restore.context.signal });
    }
  }
};

const dropQuietly = (restore: Restore, name: string): Promise<void> =>
  drop(restore, name).catch((problem: unknown) =>
    restore.context.log.warn(
      { database: name, reason: messageOf(problem) },
      'a database made for the restore was left behind',
    ),
  );

/** Fills a database of a free name and compares it; it is dropped again if it differs. */
const build = async (restore: Restore, unpacked: Unpacked, name: string): Promise<Fingerprint> => {
  const { context, source } = restore;
  const { schema, folder } = unpacked;
  try {
    if (folder !== undefined) await restoreFrom(context, source, schema.name, folder, name);
    await applyPolicies(context, source, schema, name);
    return await compareOnceLoaded(restore, unpacked, name);
  } catch (error) {
    await dropQuietly(restore, name);
    throw error;
  }
};

/** A database that was restored and compared: under a name of its own, or its real one where that was free. */
interface Built {
  readonly unpacked: Unpacked;
  readonly name: string;
  readonly fingerprint: Fingerprint;
}

const buildOne = async (restore: Restore, unpacked: Unpacked): Promise<Built> => {
  const { into, mode, suffix } = restore.request;
  const live = unpacked.schema.name;
  const beside = mode === 'trial' || (await exists(restore, live));
  const name = into ?? (beside ? `${live}_restore_${suffix}` : live);
  if ((into ?? beside) && (await exists(restore, name)))
    throw new BackupError('restore.refused', `database ${name} exists already`);
  return { unpacked, name, fingerprint: await build(restore, unpacked, name) };
};

const finish = async (
  { context, source }: Restore,
  schema: Database1,
  grants: Database1['grants'],
): Promise<void> => {
  await applyContinuousQueries(context, source, schema);
  await applyGrants(context, source, schema.name, grants);
};

/** Restores again under the live name, now that a copy beside it has proved to be equal: 1.x cannot rename. */
const replaceLive = async (restore: Restore, { unpacked, name: copy }: Built): Promise<void> => {
  const { context, source } = restore;
  const { name } = unpacked.schema;
  const { grants } = await readSchema(context, source, name, failure); // DROP DATABASE takes them along
  await drop(restore, name);
  try {
    await build(restore, unpacked, name);
    await finish(restore, unpacked.schema, grants);
  } catch (error) {
    const message = `${messageOf(error)}; database ${name} is gone, its restored copy is ${copy}`;
    throw new BackupError(failure, message, { cause: error });
  }
  await dropQuietly(restore, copy);
};

/** What names its database stays behind where the database has a new name. */
const place = async (restore: Restore, built: Built): Promise<void> => {
  const { schema } = built.unpacked;
  if (restore.request.into) {
    const { continuousQueries, grants } = schema;
    restore.context.log.warn({ continuousQueries, grants }, 'not restored under another name');
    return;
  }
  if (built.name === schema.name) await finish(restore, schema, schema.grants);
  else await replaceLive(restore, built);
};

/** Entries → folders, one per chosen database. */
const unpack = async (
  entries: Entries,
  scratch: string,
  { databases }: Header1,
  chosen: readonly Database1[],
): Promise<readonly Unpacked[]> => {
  const folders = new Map<string, string>();
  for await (const { name, content } of entries) {
    const { database, file } = entryParts(name);
    if (!databases.some((schema) => schema.name === database))
      throw new BackupError('archive.damaged', `entry ${name} is of no database that the archive describes`);
    if (!chosen.some((schema) => schema.name === database)) {
      await skip(content);
      continue;
    }
    const folder = folders.get(database) ?? join(scratch, `${folders.size}`);
    folders.set(database, folder);
    await spool(content, folder, file);
  }
  return chosen.map((schema) => ({ schema, folder: folders.get(schema.name) }));
};

/** The way back to where there were no such databases; a safety backup knows nothing of them. */
const undoOfNew = ({ source, request }: Restore, built: readonly Built[]): Pick<Restored, 'undo'> => {
  const areNew = built.every(({ name, unpacked }) => name === unpacked.schema.name);
  if (!request.only || request.mode === 'trial' || !areNew) return {};
  const { host, port } = source.connection;
  const influxql = built.map(({ name }) => `DROP DATABASE ${identifier(name)}`).join('; ');
  return { undo: `influx -host ${host} -port ${port} -execute ${shell(influxql)}` };
};

const restoreAll = async (restore: Restore, databases: readonly Unpacked[]): Promise<Restored> => {
  const built: Built[] = [];
  const fingerprint: Record<string, Fingerprint[string]> = {};
  try {
    for (const unpacked of databases) built.push(await buildOne(restore, unpacked));
    for (const each of built) Object.assign(fingerprint, each.fingerprint);
    const { only, expected } = restore.request;
    const isWanted = (item: string) => databases.some(({ schema }) => isOf(schema.name)(item));
    assertEqual(only ? expectedOf(expected, isWanted) : expected, fingerprint);
  } catch (error) {
    for (const { name } of built) await dropQuietly(restore, name);
    throw error;
  }
  for (const each of built)
    if (restore.request.mode === 'trial') await dropQuietly(restore, each.name);
    else await place(restore, each);
  return { fingerprint, ...undoOfNew(restore, built) };
};

/**
 * Restores every database under a free name and compares it, and only then puts one after the other in the place of the
 * live one. Scratch space holds the whole archive: the tool reads files, and each database is read twice.
 */
export const restore = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header1,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const scratch = await mkdtemp(join(context.scratchDir, 'influxdb-'));
  try {
    const chosen = choose(header.databases, request, ({ name }) => name);
    const databases = await unpack(entries, scratch, header, chosen);
    return await restoreAll({ context, source, request, asOf: new Date(header.asOf) }, databases);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
};
