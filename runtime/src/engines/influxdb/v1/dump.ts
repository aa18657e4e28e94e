import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import { mustExist } from '../../../core/must-exist.ts';
import type { Dump, Entries, Fingerprint, ServerInfo } from '../../engine.ts';
import { makeFolder, removeFolder } from '../../scratch-folder.ts';
import { headerEntry, type Database1 } from '../header.ts';
import { addressOf, type InfluxdbSource } from '../http.ts';
import { listed } from '../listing.ts';
import { assertHoldsPoints, combine, warnOfDeletes, type Open } from '../ranges.ts';
import { ItemCounts } from '../tsm/item-counts.ts';
import { countDatabaseFiles } from './count-files.ts';
import { filesOf, schemaEntry } from './files.ts';
import { chosenDatabases, listShards } from './list.ts';
import { readSchema } from './schema.ts';
import { openIntervals, takeSettled, type Taken } from './names-in-use.ts';

export { probe } from './probe.ts';

export const failure = 'dump.failed';

/** A named database that is gone is a loss to be seen, but no reason to call what is left empty. */
export const databasesOf = async (
  context: RunContext,
  source: InfluxdbSource,
): Promise<readonly string[]> => {
  const present = await chosenDatabases(context, source, failure);
  const absent = (source.connection.databases ?? []).filter((name) => !present.includes(name));
  if (absent.length === 0) return present;
  throw new BackupError(
    present.length === 0 ? 'dump.empty' : failure,
    `${addressOf(source)} has no database ${absent.join(', ')}; create it, or take it out of the target's databases`,
  );
};

/** A dump under way. */
interface Dumping {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  readonly version: string;
  readonly asOf: Date;
  readonly scratch: string;
  /** Where shards are counted while they pass; undefined where the server counts. */
  readonly counts: ItemCounts | undefined;
  /** What the server counted. */
  readonly counted: Record<string, Fingerprint[string]>;
  readonly open: Map<string, ReadonlySet<string>>;
}

/** Takes a database once it does not change while it is taken; undefined where it was dropped meanwhile. */
const takeOne = async (dumping: Dumping, name: string, folder: string): Promise<Taken | undefined> => {
  const { context, source, asOf, counts } = dumping;
  const taken = await takeSettled({ context, source, name, asOf, folder, isCounted: !counts });
  if (taken) return taken;
  if (source.connection.databases) await databasesOf(context, source); // it was asked for by name
  context.log.warn({ database: name }, 'a database was dropped while the dump ran; the dump leaves it out');
  return undefined;
};

/** Files of a database that the server counted. */
async function* filesCountedBefore(
  { asOf, open, counted }: Dumping,
  folder: string,
  taken: Taken,
  { before, after }: NonNullable<Taken['counts']>,
): Entries {
  const tombstoned = new Set<number>();
  yield* filesOf(folder, taken.schema.name, { tombstones: (shard) => tombstoned.add(shard) });
  const found: Open = openIntervals(taken, tombstoned, asOf);
  for (const [item, intervals] of found) open.set(item, intervals);
  Object.assign(counted, combine(before, after, found));
}

const filesOfTaken = (dumping: Dumping, folder: string, taken: Taken): Entries =>
  dumping.counts
    ? filesOf(folder, taken.schema.name, countDatabaseFiles(dumping.counts, taken.schema))
    : filesCountedBefore(dumping, folder, taken, mustExist(taken.counts, 'counts of the server'));

/** One database at a time, so that scratch space for the largest is enough: the tool cannot write to a stream. */
async function* entriesOf(dumping: Dumping): Entries {
  const { context, source, version, asOf, scratch, counts } = dumping;
  const names = await databasesOf(context, source);
  const databases: Database1[] = [];
  for (const name of names) databases.push(await readSchema(context, source, name, failure));
  const about = { format: 1, generation: 1, version, asOf: asOf.toISOString(), databases } as const;
  yield headerEntry({ ...about, ...(counts && { counted: 'stream' }) });
  for (const [index, name] of names.entries()) {
    const folder = join(scratch, `${index}`);
    const taken = await takeOne(dumping, name, folder);
    if (!taken) continue;
    yield schemaEntry(taken.schema);
    yield* filesOfTaken(dumping, folder, taken);
    await rm(folder, { recursive: true });
  }
  assertHoldsPoints(counts?.result() ?? dumping.counted, addressOf(source));
}

/** Portable backups of the databases, with what these lose: continuous queries, subscriptions, grants. */
export const dump = async (
  context: RunContext,
  source: InfluxdbSource,
  server: ServerInfo,
): Promise<Dump> => {
  const asOf = context.now();
  await databasesOf(context, source);
  await listShards(context, source, failure); // told only to administrators
  const counts = source.connection.count === 'server' ? undefined : new ItemCounts(context, asOf, 'tags');
  const scratch = await makeFolder(context, 'influxdb-');
  const { version } = server;
  const dumping = { context, source, version, asOf, scratch, counts, counted: {}, open: new Map() };
  return {
    server,
    entries: listed(entriesOf(dumping)),
    fingerprint: async () => {
      warnOfDeletes(context, counts?.withDeleted ?? [...dumping.open.keys()]);
      return counts?.result() ?? dumping.counted;
    },
    close: async () => {
      await counts?.close();
      await removeFolder(scratch);
    },
  };
};
