import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import type { Dump, Entries, ServerInfo } from '../../engine.ts';
import { headerEntry, type Database1, type Header1 } from '../header.ts';
import { addressOf, type InfluxdbSource } from '../http.ts';
import { listed } from '../listing.ts';
import { assertHoldsPoints, combine, warnOfDeletes } from '../ranges.ts';
import { chosenDatabases, countNow } from './count.ts';
import { filesOf } from './files.ts';
import { readSchema } from './schema.ts';
import { backupInto } from './tool.ts';

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

/** One database at a time, so that scratch space for the largest is enough: the tool cannot write to a stream. */
async function* entriesOf(
  context: RunContext,
  source: InfluxdbSource,
  header: Header1,
  scratch: string,
  tombstoned: Set<string>,
): Entries {
  yield headerEntry(header);
  for (const [index, { name }] of header.databases.entries()) {
    const folder = join(scratch, `${index}`);
    await mkdir(folder);
    await backupInto(context, source, name, folder);
    yield* filesOf(folder, name, (policy) => tombstoned.add(`${name}/${policy}`));
    await rm(folder, { recursive: true });
  }
}

/** Portable backups of the databases, with what these lose: continuous queries, policies without shards, grants. */
export const dump = async (
  context: RunContext,
  source: InfluxdbSource,
  server: ServerInfo,
): Promise<Dump> => {
  const asOf = context.now();
  const names = await databasesOf(context, source);
  const databases: Database1[] = [];
  for (const name of names) databases.push(await readSchema(context, source, name, failure));
  const before = await countNow(context, source, asOf, failure);
  assertHoldsPoints(before, addressOf(source));
  const scratch = await mkdtemp(join(context.scratchDir, 'influxdb-'));
  const header = {
    format: 1,
    generation: 1,
    version: server.version,
    asOf: asOf.toISOString(),
    databases,
  } as const;
  const tombstoned = new Set<string>();
  return {
    server,
    entries: listed(entriesOf(context, source, header, scratch, tombstoned)),
    fingerprint: async () => {
      warnOfDeletes(context, tombstoned);
      return combine(before, await countNow(context, source, asOf, failure), tombstoned);
    },
    close: () => rm(scratch, { recursive: true, force: true }),
  };
};
