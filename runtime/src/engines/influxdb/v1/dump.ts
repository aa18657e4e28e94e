import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import type { Dump, Entries, Fingerprint, ServerInfo } from '../../engine.ts';
import { makeFolder, removeFolder } from '../../scratch-folder.ts';
import { headerEntry, type Database1 } from '../header.ts';
import { addressOf, type InfluxdbSource } from '../http.ts';
import { listed } from '../listing.ts';
import { assertHoldsPoints, combine, warnOfDeletes, type Open } from '../ranges.ts';
import { filesOf, schemaEntry } from './files.ts';
import { chosenDatabases, groupsOf } from './list.ts';
import { readSchema } from './schema.ts';
import { openIntervals, takeSettled } from './names-in-use.ts';

const failure = 'dump.failed';

/** A named database that is gone is a loss to be seen, but no reason to call what is left empty. */
const databasesOf = async (context: RunContext, source: InfluxdbSource): Promise<readonly string[]> => {
  const present = await chosenDatabases(context, source, failure);
  const absent = (source.connection.databases ?? []).filter((name) => !present.includes(name));
  if (absent.length === 0) return present;
  throw new BackupError(
    present.length === 0 ? 'dump.empty' : failure,
    `${addressOf(source)} has no database ${absent.join(', ')}; create it, or take it out of the target's databases`,
  );
};

/** What is known only after the entries were read. */
interface Outcome {
  readonly counted: Record<string, Fingerprint[string]>;
  readonly open: Map<string, ReadonlySet<string>>;
}

/** One database at a time, so that scratch space for the largest is enough: the tool cannot write to a stream. */
async function* entriesOf(
  context: RunContext,
  source: InfluxdbSource,
  version: string,
  asOf: Date,
  scratch: string,
  outcome: Outcome,
): Entries {
  const names = await databasesOf(context, source);
  const databases: Database1[] = [];
  for (const name of names) databases.push(await readSchema(context, source, name, failure));
  yield headerEntry({ format: 1, generation: 1, version, asOf: asOf.toISOString(), databases });
  for (const [index, name] of names.entries()) {
    const folder = join(scratch, `${index}`);
    const taken = await takeSettled({ context, source, name, asOf, folder });
    if (taken === undefined) {
      if (source.connection.databases) await databasesOf(context, source); // it was asked for by name
      context.log.warn(
        { database: name },
        'a database was dropped while the dump ran; the dump leaves it out',
      );
      continue;
    }
    yield schemaEntry(taken.schema);
    const tombstoned = new Set<number>();
    yield* filesOf(folder, name, (shard) => tombstoned.add(shard));
    await rm(folder, { recursive: true });
    const open: Open = openIntervals(taken, tombstoned, asOf);
    for (const [item, intervals] of open) outcome.open.set(item, intervals);
    Object.assign(outcome.counted, combine(taken.before, taken.after, open));
  }
  assertHoldsPoints(outcome.counted, addressOf(source));
}

/** Portable backups of the databases, with what these lose: continuous queries, subscriptions, grants. */
export const dump = async (
  context: RunContext,
  source: InfluxdbSource,
  server: ServerInfo,
): Promise<Dump> => {
  const asOf = context.now();
  await databasesOf(context, source);
  await groupsOf(context, source, '', failure); // told only to administrators
  const scratch = await makeFolder(context, 'influxdb-');
  const outcome: Outcome = { counted: {}, open: new Map() };
  return {
    server,
    entries: listed(entriesOf(context, source, server.version, asOf, scratch, outcome)),
    fingerprint: async () => {
      warnOfDeletes(context, outcome.open);
      return outcome.counted;
    },
    close: () => removeFolder(scratch),
  };
};
