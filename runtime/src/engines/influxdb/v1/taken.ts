import { mkdir, rm } from 'node:fs/promises';
import type { RunContext } from '../../../core/context.ts';
import { BackupError } from '../../../core/errors.ts';
import type { Fingerprint } from '../../engine.ts';
import type { Database1 } from '../header.ts';
import type { InfluxdbSource } from '../http.ts';
import { intervalsOf, nanoseconds, timeText } from '../intervals.ts';
import type { Open } from '../ranges.ts';
import { countDatabase } from './count.ts';
import { groupsOf, listDatabases, type ShardGroup } from './list.ts';
import { readSchema } from './schema.ts';
import { backupInto } from './tool.ts';

const failure = 'dump.failed';

/** What is taken, and where to. */
interface Taking {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  /** Of the database. */
  readonly name: string;
  readonly asOf: Date;
  /** Where the portable backup is written; made anew. */
  readonly folder: string;
}

/** A database in its folder, described and counted as it was right before and right after. */
export interface Taken {
  readonly schema: Database1;
  readonly groups: readonly ShardGroup[];
  readonly before: Fingerprint;
  readonly after: Fingerprint;
}

const take = async (taking: Taking, schema: Database1): Promise<Taken> => {
  const { context, source, name, asOf, folder } = taking;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const before = await countDatabase(context, source, name, { asOf, failure });
  await backupInto(context, source, name, folder);
  const after = await countDatabase(context, source, name, { asOf, failure });
  return { schema, before, after, groups: await groupsOf(context, source, name, failure) };
};

/** Description of the database; undefined where there is none of that name. */
const describe = async ({ context, source, name }: Taking): Promise<Database1 | undefined> =>
  (await listDatabases(context, source, failure)).includes(name)
    ? readSchema(context, source, name, failure)
    : undefined;

const namesOf = ({ retentionPolicies }: Database1): string =>
  JSON.stringify(retentionPolicies.map(({ name }) => name).toSorted());

/** Times that a database is taken again because its retention policies changed under the backup. */
const retries = 4;

/**
 * Takes a database so that backup, description and counts are of the same set of retention policies; undefined where it
 * was dropped meanwhile. @throws BackupError dump.failed
 */
export const takeSettled = async (taking: Taking): Promise<Taken | undefined> => {
  const { context, name } = taking;
  for (let schema = await describe(taking), retry = 0; schema !== undefined; retry++) {
    const taken = await take(taking, schema).catch((error: unknown) => ({ error }));
    const now = await describe(taking);
    if (now && namesOf(now) === namesOf(schema)) {
      if ('error' in taken) throw taken.error;
      return taken;
    }
    if (retry === retries)
      throw new BackupError(
        failure,
        `retention policies of database ${name} changed during each of ${retries + 1} backups; take it while nothing creates or drops them`,
      );
    if (now)
      context.log.warn({ database: name }, 'retention policies changed while a database was read: again');
    schema = now;
  }
  return undefined;
};

/** Items and intervals of the shards that hold deletes. */
export const openIntervals = ({ schema, groups }: Taken, shards: ReadonlySet<number>, asOf: Date): Open => {
  const open = new Map<string, Set<string>>();
  for (const { shard, policy, ...group } of groups)
    if (shards.has(shard)) {
      const item = `${schema.name}/${policy}`;
      const starts = open.get(item) ?? new Set<string>();
      open.set(item, starts);
      const overlapping = intervalsOf(
        groups.filter((other) => other.policy === policy),
        asOf,
      ).filter(({ start, end }) => start < nanoseconds(group.end) && end >= nanoseconds(group.start));
      for (const { start } of overlapping) starts.add(timeText(start));
    }
  return open;
};
