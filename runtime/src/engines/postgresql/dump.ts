import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { collect, run, write } from '../../core/process.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import type { Dump, DumpEntry, Fingerprint, ServerInfo } from '../engine.ts';
import { connect, libpqEnvironment, withClient, type PostgresqlSource } from './client.ts';
import { beginSnapshot, countRows, listTables, lockTables, type Table } from './count.ts';
import { assertNames } from './encodings.ts';
import { entryNames } from './entries.ts';
import { readRoles, type ServerRoles } from './roles.ts';
import { readSettings, type DatabaseSettings } from './settings.ts';
import { majorOf, toolsFor, type Tools } from './tools.ts';

type Content = AsyncGenerator<Buffer, void, undefined>;

const versionOf = async (client: Client): Promise<string> =>
  (await client.query<{ server_version: string }>('SHOW server_version')).rows[0]?.server_version.split(
    ' ',
  )[0] ?? '';

const describe = async (
  context: RunContext,
  client: Client,
): Promise<{ server: ServerInfo; tools: Tools }> => {
  const version = await versionOf(client);
  const tools = await toolsFor(context, majorOf(version));
  return { server: { product: 'PostgreSQL', version, tools: { pg_dump: tools.version } }, tools };
};

export const probe = (context: RunContext, source: PostgresqlSource): Promise<ServerInfo> =>
  withClient(source, source.connection.database, async (client) => {
    const { server } = await describe(context, client);
    await assertNames(client);
    return server;
  });

/** Lists what a dump holds while it passes by: pg_restore leaves after the table of contents at its head. */
async function* listed(
  context: RunContext,
  tools: Tools,
  database: string,
  content: AsyncIterable<Buffer>,
): Content {
  const listing = run(context, {
    program: tools.path('pg_restore'),
    args: ['--list'],
    failure: 'dump.damaged',
  });
  const list = collect(listing.stdout);
  list.catch(() => {}); // awaited at the end: an error of the dump itself comes first
  let bytes = 0;
  try {
    for await (const chunk of content) {
      bytes += chunk.length;
      await write(listing, chunk);
      yield chunk;
    }
    listing.stdin.end();
    if (bytes === 0) throw new BackupError('dump.empty', `pg_dump printed nothing for database ${database}`);
    if (!/^\d/m.test((await list).toString('utf8')))
      throw new BackupError('dump.empty', `database ${database} holds nothing`);
  } finally {
    listing.kill();
  }
}

interface Snapshot {
  readonly id: string;
  readonly tables: readonly Table[];
  readonly settings: DatabaseSettings;
  readonly roles: ServerRoles;
  readonly readsPasswords: boolean;
}

const snapshotOnce = async (client: Client): Promise<Snapshot> => {
  await beginSnapshot(client);
  // leave the processors to the dump
  await client.query('SET max_parallel_workers_per_gather = 0; SET jit = off');
  const { rows } = await client.query<{ id: string; passwords: boolean }>(
    `SELECT pg_export_snapshot() AS id, has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS passwords`,
  );
  const tables = await listTables(client);
  await lockTables(client);
  return {
    id: rows[0]!.id,
    readsPasswords: rows[0]!.passwords,
    tables,
    settings: await readSettings(client),
    roles: await readRoles(client, rows[0]!.passwords),
  };
};

/** Times that a snapshot is taken anew because a change of the schema came in between. */
const mostAttempts = 3;

const undefinedTable = '42P01';

/** Takes another one where a table was dropped between the list and its lock. */
const takeSnapshot = async (client: Client, attempt = 1): Promise<Snapshot> => {
  try {
    return await snapshotOnce(client);
  } catch (error) {
    if (attempt === mostAttempts || (error as { code?: string }).code !== undefinedTable) throw error;
    await client.query('ROLLBACK');
    return takeSnapshot(client, attempt + 1);
  }
};

/** Starts a dump tool when it is first read from. */
async function* output(
  context: RunContext,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Content {
  const command = { program, args: ['--no-password', ...args], env, failure: 'dump.failed' } as const;
  yield* run(context, { ...command, largeWrites: true }).stdout;
}

/**
 * How long pg_dump waits for a lock that the snapshot's own session has. It waits only behind a change of the schema
 * that came between the two, which itself waits for that session: none of the three would ever go on.
 */
const lockWaitMs = 2000;

const waitedForLock = (error: unknown): boolean => messageOf(error).includes('Query was: LOCK TABLE');

/** Dumps in a snapshot, and in another one where a change of the schema came between. Nothing was printed by then. */
async function* inSnapshot(
  client: Client,
  first: Snapshot,
  start: (snapshot: Snapshot) => AsyncIterable<Buffer>,
  begun: (snapshot: Snapshot) => void,
): Content {
  let snapshot = first;
  for (let attempt = 1; ; attempt += 1) {
    let printed = false;
    try {
      for await (const chunk of start(snapshot)) {
        if (!printed) begun(snapshot);
        printed = true;
        yield chunk;
      }
      return;
    } catch (error) {
      if (printed || attempt === mostAttempts || !waitedForLock(error)) throw error;
    }
    await client.query('ROLLBACK');
    snapshot = await takeSnapshot(client);
  }
}

interface Dumping {
  readonly context: RunContext;
  readonly source: PostgresqlSource;
  readonly tools: Tools;
  readonly client: Client;
}

const dumpDatabase = (
  { context, source, tools, client }: Dumping,
  first: Snapshot,
  begun: (snapshot: Snapshot) => void,
): Content => {
  const { database } = source.connection;
  const env = { ...libpqEnvironment(source), PGDATABASE: database };
  const fixed = ['--format=custom', '--compress=0', `--lock-wait-timeout=${lockWaitMs}`];
  const start = ({ id }: Snapshot) =>
    output(context, tools.path('pg_dump'), [...fixed, `--snapshot=${id}`], env);
  return listed(context, tools, database, inSnapshot(client, first, start, begun));
};

/** A small entry. */
const json = (name: string, content: unknown): DumpEntry => ({
  name,
  content: oneChunk(`${JSON.stringify(content, undefined, 2)}\n`),
});

/** Says what of the roles is not saved. */
const report = ({ context, source }: Dumping, { readsPasswords, roles }: Snapshot): void => {
  const target = source.name;
  if (!readsPasswords)
    context.log.warn({ target }, 'the account may not read password hashes; roles are saved without them');
  for (const what of roles.leftOut) context.log.warn({ target, what }, 'not saved');
};

async function* entriesOf(
  dumping: Dumping,
  snapshot: Snapshot,
  begun: (snapshot: Snapshot) => void,
): AsyncGenerator<DumpEntry, void, undefined> {
  report(dumping, snapshot);
  yield json(entryNames.settings, snapshot.settings);
  yield json(entryNames.roles, snapshot.roles);
  const { database } = dumping.source.connection;
  yield { name: entryNames.dump(database), content: dumpDatabase(dumping, snapshot, begun) };
}

/** What a server without an encoding says to a session that wants UTF-8. */
const notText = '22021';

/** Errors of queries after a connection was made: refused if a right is missing, else the dump failed. */
const asDumpError = (error: unknown): BackupError => {
  if (isBackupError(error)) return error;
  const { code } = error as { code?: string };
  const why =
    code === notText ? '; the name or text of a column, role, setting or comment is not valid UTF-8' : '';
  return new BackupError(
    code === '42501' ? 'source.refused' : 'dump.failed',
    `postgresql: ${messageOf(error)}${why}`,
    { cause: error },
  );
};

/** Dumps one database and the server's roles; rows are counted in the dump's own snapshot while it runs. */
export const dump = async (context: RunContext, source: PostgresqlSource): Promise<Dump> => {
  const client = await connect(source);
  try {
    const { server, tools } = await describe(context, client);
    await assertNames(client);
    const snapshot = await takeSnapshot(client);
    let counted: Promise<Fingerprint> | undefined;
    const begun = ({ tables }: Snapshot): void => {
      counted = countRows(client, tables, source.connection.contentHash).catch((error: unknown) =>
        Promise.reject(asDumpError(error)),
      );
      counted.catch(() => {}); // reported by fingerprint()
    };
    return {
      server,
      entries: entriesOf({ context, source, tools, client }, snapshot, begun),
      fingerprint: () =>
        counted ?? Promise.reject(new BackupError('dump.failed', 'the dump was not read to its end')),
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw asDumpError(error);
  }
};
