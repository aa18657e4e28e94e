import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { collect, feed, run } from '../../core/process.ts';
import type { Entries, Fingerprint, Restored, RestoreRequest } from '../engine.ts';
import { assertEqual } from '../fingerprint.ts';
import {
  conninfo,
  identifier,
  libpqEnvironment,
  maintenanceDatabase,
  withClient,
  type PostgresqlSource,
} from './client.ts';
import { countNow } from './count.ts';
import { readEntries } from './entries.ts';
import { createMissingRoles, dropRoles } from './globals.ts';
import { applySql, createSql, type DatabaseSettings } from './settings.ts';
import { exists, nameWith, swap, takeName, undoCommand } from './swap.ts';
import { majorOf, toolsFor } from './tools.ts';

interface Target {
  readonly context: RunContext;
  readonly source: PostgresqlSource;
  /** Connected to another database than the live one. */
  readonly client: Client;
  /** Name of the database that is filled beside the live one. */
  readonly fresh: string;
}

const lacksTablespace = async (client: Client, { tablespaces }: DatabaseSettings): Promise<boolean> => {
  const { rows } = await client.query<{ spcname: string }>('SELECT spcname FROM pg_tablespace');
  return tablespaces.some((name) => !rows.some(({ spcname }) => spcname === name));
};

const load = async (
  { context, source, client, fresh }: Target,
  settings: DatabaseSettings,
  content: AsyncIterable<Buffer>,
): Promise<void> => {
  const { rows } = await client.query<{ server_version: string }>('SHOW server_version');
  const tools = await toolsFor(context, majorOf(rows[0]!.server_version));
  const placement = (await lacksTablespace(client, settings)) ? ['--no-tablespaces'] : [];
  const restoring = run(context, {
    program: tools.path('pg_restore'),
    args: ['--no-password', '--exit-on-error', ...placement, `--dbname=${conninfo(fresh)}`],
    env: libpqEnvironment(source),
    failure: 'restore.failed',
  });
  await Promise.all([feed(restoring, content), collect(restoring.stdout)]);
};

/** Builds the new database and counts it. */
const build = async (
  target: Target,
  entries: Entries,
  expected: Fingerprint,
  roles: (created: readonly string[]) => void,
): Promise<Fingerprint> => {
  let archived: DatabaseSettings | undefined;
  await readEntries(entries, {
    begin: async (settings, globals) => {
      archived = settings;
      roles(await createMissingRoles(target.context, target.client, globals));
      await target.client.query(createSql(settings, target.fresh));
    },
    dump: (content) => load(target, archived!, content),
  });
  // Settings come last: one such as default_transaction_read_only would stop the restore.
  for (const statement of applySql(archived!, target.fresh)) await target.client.query(statement);
  const counted = await withClient(target.source, target.fresh, countNow);
  assertEqual(expected, counted);
  return counted;
};

const keptName = (live: string, suffix: string): string => nameWith(live, `_before_${suffix}`);

const put = async (
  { source, client, fresh }: Target,
  suffix: string,
): Promise<Omit<Restored, 'fingerprint'>> => {
  const live = source.connection.database;
  if (!(await exists(client, live))) {
    await takeName(client, fresh, live);
    return {};
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
const cleanUp = async ({ context, client, fresh }: Target, roles: readonly string[]): Promise<void> => {
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

const attempt = async (target: Target, entries: Entries, request: RestoreRequest): Promise<Restored> => {
  let created: readonly string[] = [];
  let placed = false;
  try {
    const fingerprint = await build(target, entries, request.expected, (names) => (created = names));
    if (request.mode === 'trial') return { fingerprint };
    const replaced = await put(target, request.suffix);
    placed = true;
    return { fingerprint, ...replaced };
  } finally {
    if (!placed) await cleanUp(target, created);
  }
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
    const fresh = nameWith(database, `_restore_${request.suffix}`);
    for (const name of [fresh, keptName(database, request.suffix)])
      if (await exists(client, name))
        throw new BackupError('restore.refused', `database ${name} exists already`);
    return attempt({ context, source, client, fresh }, entries, request);
  }).catch((error: unknown) => Promise.reject(asRestoreError(error)));
};
