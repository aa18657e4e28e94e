import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import { collect, feed, run } from '../../core/process.ts';
import type { RestoreRequest } from '../engine.ts';
import { conninfo, libpqEnvironment, type PostgresqlSource, queryRow } from './client.ts';
import {
  definitionsOf,
  extensionsOf,
  listOfForeignKeys,
  listOfTables,
  readContents,
  type Contents,
} from './contents.ts';
import { settle } from '../preview.ts';
import { missingRights } from './rights.ts';
import type { DatabaseSettings } from './settings.ts';
import { assertRoom, putFile, spool, withFolder } from './spool.ts';
import { freeConnections } from './surroundings.ts';
import { majorOf, toolsFor, type Tools } from './tools.ts';

export interface Loading {
  readonly context: RunContext;
  readonly source: PostgresqlSource;
  /** Connected to another database than the one that is filled. */
  readonly client: Client;
  /** Name of the database that is filled beside the live one. */
  readonly fresh: string;
  readonly request: RestoreRequest;
}

const refused = (message: string): BackupError => new BackupError('restore.refused', message);

const serverVersion = async (client: Client): Promise<string> =>
  (await queryRow<{ server_version: string }>(client, 'SHOW server_version')).server_version;

/** @throws BackupError restore.refused if the server is older than the archive's: no dump is made for that way */
export const assertVersion = async (client: Client, settings: DatabaseSettings): Promise<void> => {
  const version = await serverVersion(client);
  if (majorOf(version) < majorOf(settings.serverVersion))
    throw refused(
      `the archive is from postgresql ${settings.serverVersion}, the server is ${version}; restore into ${majorOf(settings.serverVersion)} or newer`,
    );
};

/** @throws BackupError restore.refused */
export const assertExtensions = async (client: Client, list: string): Promise<void> => {
  const { rows } = await client.query<{ name: string }>('SELECT name FROM pg_available_extensions');
  const missing = extensionsOf(list).filter((extension) => !rows.some(({ name }) => name === extension));
  if (missing.length)
    throw refused(
      `the archive needs extensions that the server lacks: ${missing.join(', ')}; install them first`,
    );
};

/** Tablespaces of the archive's server that this one lacks. */
export const missingTablespaces = async (
  client: Client,
  { tablespaces }: DatabaseSettings,
): Promise<readonly string[]> => {
  const { rows } = await client.query<{ spcname: string }>('SELECT spcname FROM pg_tablespace');
  return tablespaces.filter((name) => !rows.some(({ spcname }) => spcname === name));
};

/** Connections left to others by a restore of several jobs. */
const spareConnections = 5;

/** Jobs that server and role have connections for. */
const jobsFor = async (client: Client, wanted = 1): Promise<number> => {
  const { free } = await freeConnections(client);
  return Math.max(1, Math.min(wanted, free - spareConnections));
};

/** Runs pg_restore on a stream, or with several jobs on a file. */
const restoreInto = async (
  { context, source, fresh, client, request }: Loading,
  tools: Tools,
  folder: string,
  content: AsyncIterable<Buffer>,
  more: readonly string[],
): Promise<void> => {
  const jobs = await jobsFor(client, request.jobs);
  const parallel = jobs > 1 ? [`--jobs=${jobs}`, await spool(folder, content)] : [];
  const restoring = run(context, {
    program: tools.path('pg_restore'),
    args: ['--no-password', '--exit-on-error', ...more, `--dbname=${conninfo(fresh)}`, ...parallel],
    env: libpqEnvironment(source),
    failure: 'restore.failed',
  });
  const feeding = jobs > 1 ? restoring.stdin.end() : feed(restoring, content);
  await Promise.all([feeding, collect(restoring.stdout)]);
};

const foreignKeys = async (
  context: RunContext,
  tools: Tools,
  folder: string,
  { list, head }: Contents,
  only: readonly string[],
  encoding: string,
): Promise<string> => {
  const keys = listOfForeignKeys(list, only);
  if (!keys) return '';
  const file = await putFile(folder, 'foreign-keys', keys);
  return definitionsOf(context, tools, head, file, encoding);
};

/** Fills the new database. Resolves to the foreign keys of single tables, as SQL, which were left out. */
export const load = async (
  loading: Loading,
  settings: DatabaseSettings,
  content: AsyncIterable<Buffer>,
): Promise<string> => {
  const { context, client, request } = loading;
  const { only, jobs = 1, sourceBytes } = request;
  if (jobs > 1) await assertRoom(context, sourceBytes);
  const tools = await toolsFor(context, majorOf(await serverVersion(client)));
  const contents = await readContents(context, tools, content, settings.encoding);
  await assertExtensions(client, contents.list);
  settle({ hindrances: await missingRights(client, settings, contents.list, []), notes: [] });
  const placement = (await missingTablespaces(client, settings)).length > 0 ? ['--no-tablespaces'] : [];
  return withFolder(context, async (folder) => {
    const chosen = only ? [await putFile(folder, 'list', listOfTables(contents.list, only))] : [];
    const list = chosen.map((file) => `--use-list=${file}`);
    await restoreInto(loading, tools, folder, contents.content, [...placement, ...list]);
    return only ? foreignKeys(context, tools, folder, contents, only, settings.encoding) : '';
  });
};
