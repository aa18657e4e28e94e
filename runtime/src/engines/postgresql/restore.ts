import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import { identifier, maintenanceDatabase, withClient, type PostgresqlSource } from './client.ts';
import { countNow, isHashed, itemOf, largeObjects, listTables, pick, type Table } from './count.ts';
import { readEntries } from './entries.ts';
import { createMissingRoles, dropRoles } from './create-roles.ts';
import { assertVersion, load, type Loading } from './load.ts';
import { applySql, createSql, hasTablespace, type DatabaseSettings } from './settings.ts';
import { exists, longestNameBytes, nameWith, swap, takeName, undoCommand } from './swap.ts';
import { assertSwappable, swapTables } from './tables.ts';

/** @throws BackupError restore.refused where the server lacks the locale or the encoding */
const create = async ({ context, client, fresh }: Loading, settings: DatabaseSettings): Promise<void> => {
  const { tablespace = 'pg_default' } = settings;
  const placed = tablespace !== 'pg_default' && (await hasTablespace(client, settings));
  if (!placed && tablespace !== 'pg_default')
    context.log.warn(
      { what: `tablespace ${tablespace} of the database, which the server lacks` },
      'not restored',
    );
  await client.query(createSql(settings, fresh, placed)).catch((error: unknown) => {
    throw new BackupError('restore.refused', `the server cannot make the database: ${messageOf(error)}`, {
      cause: error,
    });
  });
};

interface Built {
  readonly fingerprint: Fingerprint;
  /** Of single tables, as SQL. */
  readonly foreignKeys: string;
}

/** Builds the new database and counts it. */
const build = async (target: Loading, entries: Entries, created: (role: string) => void): Promise<Built> => {
  const { only, expected } = target.request;
  let archived: DatabaseSettings | undefined;
  let foreignKeys = '';
  await readEntries(entries, {
    begin: async (settings, roles) => {
      archived = settings;
      await assertVersion(target.client, settings);
      await createMissingRoles(target.context, target.client, roles, created);
      await create(target, settings);
    },
    dump: async (content) => {
      foreignKeys = await load(target, archived!, content);
    },
  });
  // Settings come last: one such as default_transaction_read_only would stop the restore.
  for (const statement of applySql(archived!, target.fresh)) await target.client.query(statement);
  const hashed = isHashed(expected);
  const counted = await withClient(target.source, target.fresh, (client) => countNow(client, hashed));
  const fingerprint = only ? pick(counted, only) : counted;
  assertEqual(only ? pick(expected, only) : expected, fingerprint);
  return { fingerprint, foreignKeys };
};

const keptName = (live: string, suffix: string): string => nameWith(live, `_before_${suffix}`);

/** Tables of the new database that were asked for. */
const chosen = async ({ source, fresh, request }: Loading): Promise<readonly Table[]> =>
  (await withClient(source, fresh, listTables)).filter((table) => request.only!.includes(itemOf(table)));

/** Gives what was built its place, and tells where the old data is. */
const put = async (target: Loading, { foreignKeys }: Built): Promise<Omit<Restored, 'fingerprint'>> => {
  const { context, source, client, fresh, request } = target;
  const { only, into, suffix } = request;
  const live = source.connection.database;
  if (into !== undefined || !(await exists(client, live))) {
    await takeName(client, fresh, into ?? live);
    return {};
  }
  if (only) {
    const expected = pick(request.expected, only);
    const tables = await chosen(target);
    const hashed = isHashed(expected);
    return swapTables({ context, source, fresh, tables, expected, hashed, foreignKeys, suffix });
  }
  const kept = keptName(live, suffix);
  await swap(source, client, fresh, kept);
  return { kept: `database ${kept}`, undo: undoCommand(source, kept, nameWith(live, `_undone_${suffix}`)) };
};

const asRestoreError = (error: unknown): BackupError =>
  isBackupError(error)
    ? error
    : new BackupError('restore.failed', `postgresql: ${messageOf(error)}`, { cause: error });

/** Failures here must not hide why the restore failed. */
const cleanUp = async ({ context, client, fresh }: Loading, roles: readonly string[]): Promise<void> => {
  try {
    await client.query(`DROP DATABASE IF EXISTS ${identifier(fresh)} WITH (FORCE)`);
    await dropRoles(context, client, roles);
  } catch (error) {
    context.log.warn(
      { database: fresh, reason: messageOf(error) },
      'a database made for the restore was left behind',
    );
  }
};

const attempt = async (target: Loading, entries: Entries): Promise<Restored> => {
  const { mode } = target.request;
  const created: string[] = [];
  let placed = false;
  try {
    const built = await build(target, entries, (role) => created.push(role));
    const { fingerprint } = built;
    if (mode === 'trial') return { fingerprint };
    const replaced = await put(target, built);
    placed = true;
    return { fingerprint, ...replaced };
  } finally {
    await cleanUp(target, placed ? [] : created); // a database that was renamed has this name no more
  }
};

const refused = (message: string): BackupError => new BackupError('restore.refused', message);

/** @throws BackupError restore.refused if the archive or the live database does not allow it */
const assertTables = async ({ source, client, request }: Loading): Promise<void> => {
  const { only, into, expected, mode } = request;
  if (!only) return;
  const missing = only.filter((item) => expected[item] === undefined || item === largeObjects);
  if (missing.length)
    throw refused(
      `the archive holds no table ${missing.join(', ')}; tables are named schema.table, partitioned ones by their partitions`,
    );
  const { database } = source.connection;
  if (into !== undefined || mode === 'trial' || !(await exists(client, database))) return;
  await withClient(source, database, async (live) => {
    const tables = (await listTables(live)).filter((table) => only.includes(itemOf(table)));
    await assertSwappable(live, tables);
  });
};

const assertNames = async ({ client, fresh, source, request }: Loading): Promise<void> => {
  const { into, suffix } = request;
  if (into !== undefined && (into === '' || Buffer.byteLength(into) > longestNameBytes))
    throw refused(`a database's name has 1 to ${longestNameBytes} bytes, ${into} does not`);
  for (const name of [fresh, into ?? keptName(source.connection.database, suffix)])
    if (await exists(client, name)) throw refused(`database ${name} exists already`);
};

/** Restores into a new database, compares, and gives it the live one's name at the end; until then nothing changes. */
export const restore = async (
  context: RunContext,
  source: PostgresqlSource,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const { database } = source.connection;
  return withClient(source, maintenanceDatabase(database), async (client) => {
    const target = {
      ...{ context, source, client, request },
      fresh: nameWith(database, `_restore_${request.suffix}`),
    };
    await assertNames(target);
    await assertTables(target);
    return attempt(target, entries);
  }).catch((error: unknown) => Promise.reject(asRestoreError(error)));
};
