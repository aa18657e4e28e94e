import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import { BackupError, isBackupError, messageOf } from '../../core/errors.ts';
import { collect, run, write, type Running } from '../../core/process.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import type { Dump, DumpEntry, DumpOptions, ServerInfo } from '../engine.ts';
import { readInstant, type DumpInstant } from './agreement/instant.ts';
import {
  connect,
  dumpEnvironment,
  queryRow,
  takesOptions,
  withClient,
  type PostgresqlSource,
} from './client.ts';
import {
  assertAllowed,
  beginSnapshot,
  listRelations,
  lockTables,
  tablesOf,
  wasRewritten,
  type Table,
} from './count.ts';
import { countByServer, countInStream, type Counting } from './counting.ts';
import { assertNames } from './encodings.ts';
import { entryNames } from './entries.ts';
import { readRoles, type ServerRoles } from './roles.ts';
import { readRowTypes, type RowTypes } from './row-types.ts';
import { readSettings, type DatabaseSettings } from './settings.ts';
import { majorOf, toolsFor, type Tools } from './tools.ts';

type Content = AsyncGenerator<Buffer, void, undefined>;

const versionOf = async (client: Client): Promise<string> =>
  (await client.query<{ server_version: string }>('SHOW server_version')).rows[0]?.server_version.split(
    ' ',
  )[0] ?? '';

const infoOf = (version: string, tools: Tools): ServerInfo => ({
  product: 'PostgreSQL',
  version,
  tools: { pg_dump: tools.version },
});

export const probe = (context: RunContext, source: PostgresqlSource): Promise<ServerInfo> =>
  withClient(source, source.connection.database, async (client) => {
    const version = await versionOf(client);
    const tools = await toolsFor(context, majorOf(version));
    await assertNames(client);
    return infoOf(version, tools);
  });

interface Listing {
  readonly running: Running;
  readonly list: Promise<Buffer>;
}

const startListing = (context: RunContext, tools: Tools): Listing => {
  const command = { program: tools.path('pg_restore'), args: ['--list'], failure: 'dump.damaged' } as const;
  const running = run(context, command);
  const list = collect(running.stdout);
  list.catch(() => {}); // awaited at the end: an error of the dump itself comes first
  return { running, list };
};

/** Lists what a dump holds while it passes by: pg_restore leaves after the table of contents at its head. */
async function* listed(
  context: RunContext,
  tools: Tools,
  database: string,
  content: AsyncIterable<Buffer>,
): Content {
  let listing: Listing | undefined; // started when there is something to list: pg_dump connects first
  try {
    for await (const chunk of content) {
      listing ??= startListing(context, tools);
      await write(listing.running, chunk);
      yield chunk;
    }
    if (!listing) throw new BackupError('dump.empty', `pg_dump printed nothing for database ${database}`);
    listing.running.stdin.end();
    if (!/^\d/m.test((await listing.list).toString('utf8')))
      throw new BackupError('dump.empty', `database ${database} holds nothing`);
  } finally {
    listing?.running.kill();
  }
}

interface Snapshot {
  readonly id: string;
  readonly tables: readonly Table[];
  readonly rowTypes: RowTypes;
  readonly settings: DatabaseSettings;
  readonly roles: ServerRoles;
  readonly readsPasswords: boolean;
  /** Where it was asked for, and the server could tell. */
  readonly instant: DumpInstant | undefined;
}

/** What a snapshot is taken for. */
interface Taking {
  readonly client: Client;
  readonly counting: Counting;
  readonly asksInstant: boolean;
}

const snapshotOnce = async ({ client, counting, asksInstant }: Taking): Promise<Snapshot> => {
  await beginSnapshot(client);
  // leave the processors to the dump
  await client.query('SET max_parallel_workers_per_gather = 0; SET jit = off');
  const { id, passwords } = await queryRow<{ id: string; passwords: boolean }>(
    client,
    `SELECT pg_export_snapshot() AS id, has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS passwords`,
  );
  const instant = asksInstant ? await readInstant(client) : undefined;
  const relations = await listRelations(client);
  if (counting.readsTables) await lockTables(client, relations);
  else assertAllowed(relations);
  return {
    id,
    readsPasswords: passwords,
    tables: tablesOf(relations),
    rowTypes: counting.hashesStream ? await readRowTypes(client) : new Map(),
    settings: await readSettings(client),
    roles: await readRoles(client, passwords),
    instant,
  };
};

/** Times that a snapshot is taken anew because a change of the schema came in between. */
const mostAttempts = 3;

const undefinedTable = '42P01';

/** Takes another one where a table was dropped between the list and its lock. */
const takeSnapshot = async (taking: Taking, attempt = 1): Promise<Snapshot> => {
  try {
    return await snapshotOnce(taking);
  } catch (error) {
    if (attempt === mostAttempts || (error as { code?: string }).code !== undefinedTable) throw error;
    await taking.client.query('ROLLBACK');
    return takeSnapshot(taking, attempt + 1);
  }
};

/** The first snapshot, taken while the tools are looked for; where there are none, that is what is wrong. */
const firstSnapshot = async (taking: Taking, finding: Promise<Tools>): Promise<Snapshot> => {
  try {
    await assertNames(taking.client);
    return await takeSnapshot(taking);
  } catch (error) {
    await finding;
    throw error;
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
 * How long pg_dump waits for a lock where the snapshot's own session has locked the tables. It waits only behind a change
 * of the schema that came between the two, which itself waits for that session: none of the three would ever go on.
 */
const lockWaitMs = 2000;

const rewritten = 'a table was emptied or rewritten between the snapshot and its lock';

/** Another snapshot helps: a table was dropped or changed since this one, or waiting for its lock took too long. */
const isOutdated = (error: unknown): boolean =>
  /Query was: LOCK TABLE/.test(messageOf(error)) || messageOf(error) === rewritten;

interface Dumping extends Taking {
  readonly context: RunContext;
  readonly source: PostgresqlSource;
  readonly tools: Tools;
}

/** The snapshot that a dump goes by: another one, where the first had to be given up. */
interface InUse {
  snapshot: Snapshot;
}

/** pg_dump has its locks: nothing changes any more. @throws BackupError dump.failed where something did since the snapshot */
const begin = async (
  { client, counting }: Dumping,
  { tables, rowTypes, settings }: Snapshot,
): Promise<void> => {
  if (!counting.readsTables && (await wasRewritten(client))) throw new BackupError('dump.failed', rewritten);
  counting.begin({ tables, rowTypes, encoding: settings.encoding });
};

/** Dumps in a snapshot, and in another one where a change of the schema came between. Nothing was printed by then. */
async function* inSnapshot(
  dumping: Dumping,
  inUse: InUse,
  start: (snapshot: Snapshot) => AsyncIterable<Buffer>,
): Content {
  const { client, counting } = dumping;
  for (let attempt = 1; ; attempt += 1) {
    let printed = false;
    try {
      for await (const chunk of start(inUse.snapshot)) {
        if (!printed) await begin(dumping, inUse.snapshot);
        printed = true;
        counting.pass(chunk);
        yield chunk;
      }
      return;
    } catch (error) {
      if (printed || attempt === mostAttempts || !isOutdated(error)) throw error;
    }
    await client.query('ROLLBACK');
    inUse.snapshot = await takeSnapshot(dumping);
  }
}

const dumpDatabase = (dumping: Dumping, inUse: InUse): Content => {
  const { context, source, tools, counting } = dumping;
  const { database } = source.connection;
  const env = { ...dumpEnvironment(source), PGDATABASE: database };
  const fixed = ['--format=custom', '--compress=0'];
  const wait = counting.readsTables ? [`--lock-wait-timeout=${lockWaitMs}`] : [];
  const start = ({ id, settings: { encoding } }: Snapshot) =>
    output(
      context,
      tools.path('pg_dump'),
      [...fixed, ...wait, `--encoding=${encoding}`, `--snapshot=${id}`],
      env,
    );
  return listed(context, tools, database, inSnapshot(dumping, inUse, start));
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

/** Of what database a dump is. */
export interface Dumped {
  /** In the snapshot of the dump; free until the first bytes of the dump came. */
  readonly client: Client;
  readonly encoding: string;
}

/** Makes entries of a dump. */
type Cut<Entry> = (dump: DumpEntry, of: Dumped) => AsyncIterable<Entry>;

async function* entriesOf<Entry>(
  dumping: Dumping,
  snapshot: Snapshot,
  cut: Cut<Entry>,
): AsyncGenerator<DumpEntry | Entry, void, undefined> {
  report(dumping, snapshot);
  yield json(entryNames.settings, snapshot.settings);
  yield json(entryNames.roles, snapshot.roles);
  const { client, source } = dumping;
  const inUse = { snapshot };
  const name = entryNames.dump(source.connection.database);
  const { encoding } = snapshot.settings;
  yield* cut({ name, content: dumpDatabase(dumping, inUse) }, { client, encoding });
  const { instant } = inUse.snapshot;
  if (instant) yield json(entryNames.instant, instant);
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

/** A pooler that refuses options leaves pg_dump the settings of role and database: then the server hashes. */
const countingOf = (source: PostgresqlSource, client: Client): Counting => {
  const { count, contentHash = false } = source.connection;
  return count === 'server' || (contentHash && !takesOptions(source))
    ? countByServer(client, contentHash)
    : countInStream(client, contentHash);
};

/** A dump whose entries `cut` makes. */
interface OpenDump<Entry> extends Omit<Dump, 'entries'> {
  readonly entries: AsyncIterable<DumpEntry | Entry>;
}

/** Dumps one database and the server's roles, and counts the rows of the dump's own snapshot while it runs. */
export const openDump = async <Entry>(
  context: RunContext,
  source: PostgresqlSource,
  { instant: asksInstant = false }: DumpOptions,
  cut: Cut<Entry>,
): Promise<OpenDump<Entry>> => {
  const client = await connect(source);
  try {
    const version = await versionOf(client);
    const finding = toolsFor(context, majorOf(version));
    const taking = { client, counting: countingOf(source, client), asksInstant };
    const [tools, snapshot] = await Promise.all([finding, firstSnapshot(taking, finding)]);
    const { counting } = taking;
    return {
      server: infoOf(version, tools),
      entries: entriesOf({ ...taking, context, source, tools }, snapshot, cut),
      fingerprint: () => counting.result().catch((error: unknown) => Promise.reject(asDumpError(error))),
      close: () => client.end(),
    };
  } catch (error) {
    await client.end();
    throw asDumpError(error);
  }
};

async function* whole(dump: DumpEntry): AsyncGenerator<DumpEntry> {
  yield dump;
}

/** Dumps one database and the server's roles. */
export const dump = (
  context: RunContext,
  source: PostgresqlSource,
  options: DumpOptions = {},
): Promise<Dump> => openDump(context, source, options, whole);
