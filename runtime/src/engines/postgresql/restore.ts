import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError } from '../../core/errors.ts';
import { mustExist } from '../../core/must-exist.ts';
import type { Entries, Fingerprint, Replaced, Restored, RestoreRequest } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import { settle } from '../preview.ts';
import { become, tryAccount, type Tried } from './account.ts';
import { analyze } from './analyze.ts';
import { identifier, maintenanceDatabase, withClient, type PostgresqlSource } from './client.ts';
import { largeObjects, listTables, pick, type Table } from './count.ts';
import { isAmong, named } from './items.ts';
import { readEntries } from './entries.ts';
import { createMissingRoles, dropRoles } from './create-roles.ts';
import { dropUnfinished } from './drop.ts';
import { assertVersion, load, type Loading } from './load.ts';
import { hold, markSql } from './marks.ts';
import { errorText } from './error-text.ts';
import { countAgain } from './recount.ts';
import { applySql, createSql, hasTablespace, openSql, type DatabaseSettings } from './settings.ts';
import { surroundings } from './surroundings.ts';
import { exists, longestNameBytes, nameWith, swap, undoCommand } from './swap.ts';
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
    throw new BackupError('restore.refused', `the server cannot make the database: ${errorText(error)}`, {
      cause: error,
    });
  });
  await client.query(markSql('DATABASE', fresh));
  await client.query(`REVOKE CONNECT ON DATABASE ${identifier(fresh)} FROM PUBLIC`); // monitors look into every database
};

interface Built {
  readonly fingerprint: Fingerprint;
  readonly settings: DatabaseSettings;
  /** Of single tables, as SQL. */
  readonly foreignKeys: string;
  readonly notes: readonly string[];
  /** Differences that a person has accepted. */
  readonly accepted: readonly string[];
}

/** Counts the new database with the rights of whoever restored it. */
const count = ({ context, source, fresh, request }: Loading): Promise<Fingerprint> =>
  countAgain({ context, source, database: fresh }, request.expected);

/** The target as the account fills it that was tried; a first session tells which settings its server knows. */
const asTried = async (target: Loading, { login }: Tried): Promise<Loading> => {
  if (!login) return target;
  const source = { ...target.source, credentials: login };
  await withClient(source, target.fresh, async () => {});
  return { ...target, source };
};

/** Builds the new database and counts it. */
const build = async (target: Loading, entries: Entries, created: (role: string) => void): Promise<Built> => {
  const { context, client, fresh, source, request } = target;
  const { only, expected, account } = request;
  let archived: DatabaseSettings | undefined;
  let tried: Tried = { notes: [] };
  let filling = target;
  let foreignKeys = '';
  await readEntries(entries, {
    begin: async (settings, roles) => {
      archived = settings;
      await assertVersion(client, settings);
      await createMissingRoles(context, client, roles, created);
      tried = await tryAccount(context, client, account);
      await become(client, tried.login);
      await create(target, settings);
      filling = await asTried(target, tried);
    },
    dump: async (content) => {
      foreignKeys = await load(filling, mustExist(archived, 'settings before the dump'), content);
    },
  });
  if (request.mode === 'replace') await analyze(context, source, fresh);
  // Settings come last: one such as default_transaction_read_only would stop the restore.
  const settings = mustExist<DatabaseSettings>(archived, 'settings in the archive');
  for (const statement of applySql(settings, fresh)) await client.query(statement);
  const counted = named(expected, await count(filling));
  const fingerprint = only ? pick(counted, only) : counted;
  const accepted = assertEqual(only ? pick(expected, only) : expected, fingerprint, request.accept);
  return { fingerprint, settings, foreignKeys, notes: tried.notes, accepted };
};

const keptName = (live: string, suffix: string): string => nameWith(live, `_before_${suffix}`);

/** Tables of the new database that were asked for. */
const chosen = async ({ source, fresh }: Loading, only: readonly string[]): Promise<readonly Table[]> =>
  (await withClient(source, fresh, listTables)).filter((table) => isAmong(only, table));

/** Gives what was built its place, and tells where the old data is. */
const put = async (target: Loading, { settings, foreignKeys }: Built): Promise<Replaced> => {
  const { context, source, client, fresh, request } = target;
  const { only, into, suffix, beforeSwap = () => Promise.resolve() } = request;
  const live = source.connection.database;
  const name = into ?? live;
  const placing = { source, client, fresh, name, open: openSql(settings, name) };
  if (into !== undefined || !(await exists(client, live))) {
    await swap(placing);
    return {};
  }
  if (only) {
    const expected = pick(request.expected, only);
    const tables = await chosen(target, only);
    return swapTables({
      context,
      source,
      fresh,
      tables,
      expected,
      encoding: settings.encoding,
      foreignKeys,
      suffix,
      beforeSwap,
      accept: request.accept,
    });
  }
  const kept = keptName(live, suffix);
  const replaced = {
    kept: `database ${kept}`,
    undo: undoCommand(
      source,
      mustExist(client.database, 'database of the session'),
      kept,
      nameWith(live, `_undone_${suffix}`),
    ),
  };
  await beforeSwap(replaced);
  settle(await surroundings(client, source, request), request.accept); // before a session is ended
  await swap({ ...placing, kept });
  return replaced;
};

const asRestoreError = (error: unknown): BackupError =>
  isBackupError(error)
    ? error
    : new BackupError('restore.failed', `postgresql: ${errorText(error)}`, { cause: error });

/** By a session of its own, each step for itself; failures must not hide why the restore failed. */
const cleanUp = async ({ context, source, fresh }: Loading, roles: readonly string[]): Promise<void> => {
  const { log } = context;
  const left = (error: unknown): void =>
    log.warn(
      { database: fresh, reason: errorText(error) },
      'a database made for the restore was left behind',
    );
  await withClient(source, maintenanceDatabase(source.connection.database), async (client) => {
    await dropUnfinished(source, client, fresh).catch(left);
    await dropRoles(context, client, roles);
  }).catch(left);
};

const attempt = async (target: Loading, entries: Entries): Promise<Restored> => {
  const { mode } = target.request;
  const created: string[] = [];
  let placed = false;
  try {
    const built = await build(target, entries, (role) => created.push(role));
    const { fingerprint, notes, accepted } = built;
    const replaced = mode === 'trial' ? {} : await put(target, built);
    placed = mode !== 'trial';
    return {
      fingerprint,
      ...replaced,
      ...(notes.length > 0 && { notes }),
      ...(accepted.length > 0 && { accepted }),
    };
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
    const tables = (await listTables(live)).filter((table) => isAmong(only, table));
    await assertSwappable(live, tables);
  });
};

const assertNames = async ({ client, fresh, source, request }: Loading): Promise<void> => {
  const { into, suffix } = request;
  if (into !== undefined && (into === '' || Buffer.byteLength(into) > longestNameBytes))
    throw refused(`a database's name has 1 to ${longestNameBytes} bytes, ${into} does not`);
  for (const name of [fresh, into ?? keptName(source.connection.database, suffix)])
    if (await exists(client, name)) throw refused(`database ${name} already exists`);
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
      context,
      source,
      client,
      request,
      fresh: nameWith(database, `_restore_${request.suffix}`),
    };
    await hold(client, database, request.suffix);
    await assertNames(target);
    await assertTables(target);
    settle(await surroundings(client, source, request), request.accept);
    return attempt(target, entries);
  }).catch((error: unknown) => Promise.reject(asRestoreError(error)));
};
