import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../../core/errors.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest } from '../../engine.ts';
import { assertEqual } from '../../fingerprint.ts';
import type { Database1, Header1 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { settle } from '../ranges.ts';
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

const expectedOf = ({ request }: Restore, database: string): Fingerprint =>
  Object.fromEntries(Object.entries(request.expected).filter(([item]) => item.startsWith(`${database}/`)));

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
  const expected = expectedOf(restore, database);
  const counted = settle(expected, await countDatabase(context, source, name, asOf, failure, database));
  assertEqual(expected, counted);
  return counted;
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

/** Fills a database of a free name and compares it; it is dropped again if it differs. */
const build = async (restore: Restore, unpacked: Unpacked, name: string): Promise<Fingerprint> => {
  const { context, source } = restore;
  const { schema, folder } = unpacked;
  try {
    if (folder !== undefined) await restoreFrom(context, source, schema.name, folder, name);
    await applyPolicies(context, source, schema, name);
    return await compareOnceLoaded(restore, unpacked, name);
  } catch (error) {
    await drop(restore, name).catch((problem: unknown) =>
      context.log.warn(
        { database: name, reason: messageOf(problem) },
        'a half restored database was left behind',
      ),
    );
    throw error;
  }
};

/** Restores again under the live name, now that a copy beside it has proved to be equal: 1.x cannot rename. */
const replaceLive = async (restore: Restore, unpacked: Unpacked, copy: string): Promise<Fingerprint> => {
  const { context, source } = restore;
  const { name } = unpacked.schema;
  const { grants } = await readSchema(context, source, name, failure); // DROP DATABASE takes them along
  await drop(restore, name);
  try {
    const counted = await build(restore, unpacked, name);
    await applyContinuousQueries(context, source, unpacked.schema);
    await applyGrants(context, source, name, grants);
    await drop(restore, copy);
    return counted;
  } catch (error) {
    const message = `${messageOf(error)}; database ${name} is gone, its restored copy is ${copy}`;
    throw new BackupError(failure, message, { cause: error });
  }
};

const restoreDatabase = async (restore: Restore, unpacked: Unpacked): Promise<Fingerprint> => {
  const { context, source, request } = restore;
  const { name, grants } = unpacked.schema;
  const copy = `${name}_restore_${request.suffix}`;
  if (await exists(restore, copy))
    throw new BackupError('restore.refused', `database ${copy} exists already`);
  if (request.mode === 'trial') {
    const counted = await build(restore, unpacked, copy);
    await drop(restore, copy);
    return counted;
  }
  if (await exists(restore, name)) {
    await build(restore, unpacked, copy);
    return replaceLive(restore, unpacked, copy);
  }
  const counted = await build(restore, unpacked, name);
  await applyContinuousQueries(context, source, unpacked.schema);
  await applyGrants(context, source, name, grants);
  return counted;
};

/** Entries → one database after the other, in files; the files are gone once the next is asked for. */
async function* unpack(entries: Entries, scratch: string, { databases }: Header1): AsyncGenerator<Unpacked> {
  const schemaOf = (name: string): Database1 => {
    const found = databases.find((database) => database.name === name);
    if (found) return found;
    throw new BackupError(
      'archive.damaged',
      `the archive holds database ${name}, which its description lacks`,
    );
  };
  const folder = join(scratch, 'database');
  const seen: string[] = [];
  for await (const entry of entries) {
    const { database, file } = entryParts(entry.name);
    const last = seen.at(-1);
    if (database !== last) {
      if (last !== undefined) {
        yield { schema: schemaOf(last), folder };
        await rm(folder, { recursive: true });
      }
      seen.push(database);
    }
    await spool(entry.content, folder, file);
  }
  const last = seen.at(-1);
  if (last !== undefined) yield { schema: schemaOf(last), folder };
  for (const schema of databases) if (!seen.includes(schema.name)) yield { schema, folder: undefined };
}

/**
 * Restores each database under a free name, compares it, and only then puts it in the place of the live one. Scratch
 * space holds one database at a time.
 */
export const restore = async (
  context: RunContext,
  source: InfluxdbSource,
  header: Header1,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const scratch = await mkdtemp(join(context.scratchDir, 'influxdb-'));
  const asOf = new Date(header.asOf);
  const fingerprint: Record<string, Fingerprint[string]> = {};
  try {
    for await (const unpacked of unpack(entries, scratch, header))
      Object.assign(fingerprint, await restoreDatabase({ context, source, request, asOf }, unpacked));
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
  assertEqual(request.expected, fingerprint);
  return { fingerprint };
};
