import { mkdir, rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../../core/context.ts';
import { BackupError, isBackupError } from '../../../core/errors.ts';
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
  /** True where the server counts. */
  readonly isCounted: boolean;
}

/** What the server counted right before and right after. */
interface Counts {
  readonly before: Fingerprint;
  readonly after: Fingerprint;
}

/** A database in its folder, described as it was right before. */
export interface Taken {
  readonly schema: Database1;
  readonly groups: readonly ShardGroup[];
  /** Undefined where the server was not asked. */
  readonly counts: Counts | undefined;
}

/** A database as it is when its backup begins. */
interface Start {
  readonly schema: Database1;
  readonly groups: readonly ShardGroup[];
}

/** Undefined where there is no database of that name. */
const look = async ({ context, source, name }: Taking): Promise<Start | undefined> => {
  if (!(await listDatabases(context, source, failure)).includes(name)) return undefined;
  const groups = await groupsOf(context, source, name, failure);
  return { groups, schema: await readSchema(context, source, name, failure) };
};

const policiesIn = ({ schema }: Start): string =>
  JSON.stringify(schema.retentionPolicies.map(({ name }) => name).toSorted());

/** True while there are the same retention policies, and no shard of the beginning is gone. */
const isStill = async (taking: Taking, start: Start): Promise<boolean> => {
  const now = await look(taking);
  if (!now || policiesIn(now) !== policiesIn(start)) return false;
  const present = new Set(now.groups.map(({ shard }) => shard));
  return start.groups.every(({ shard }) => present.has(shard));
};

const watchMs = 500;

/** Resolves as soon as the database changes; rejected by `signal`. */
const change = async (taking: Taking, start: Start, signal: AbortSignal): Promise<void> => {
  do await sleep(watchMs, undefined, { signal });
  while (await isStill(taking, start));
};

/** `influxd backup` asks for a shard that is gone ten times in four minutes: so it is stopped when one goes. */
const backupWatched = async (taking: Taking, start: Start): Promise<void> => {
  const [changed, over] = [new AbortController(), new AbortController()];
  const signal = AbortSignal.any([taking.context.signal, changed.signal]);
  const watching = change(taking, start, over.signal).then(
    () => changed.abort(),
    () => {}, // it is over, or the backup itself finds what is wrong
  );
  try {
    await backupInto({ ...taking.context, signal }, taking.source, taking.name, taking.folder);
  } finally {
    over.abort();
    await watching;
  }
};

const take = async (taking: Taking, start: Start): Promise<Taken> => {
  const { context, source, name, asOf, folder, isCounted } = taking;
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder);
  const count = () => countDatabase(context, source, name, { asOf, failure, series: 'visible' });
  const before = isCounted ? await count() : undefined;
  await backupWatched(taking, start);
  const counts = before && { before, after: await count() };
  return { schema: start.schema, counts, groups: await groupsOf(context, source, name, failure) };
};

/** Times that a database is taken again because it changed under the backup. */
const retries = 9;

/**
 * Takes a database so that backup, description and counts are of the same retention policies and shards; undefined where
 * it was dropped meanwhile. @throws BackupError dump.failed
 */
export const takeSettled = async (taking: Taking): Promise<Taken | undefined> => {
  const { context, name } = taking;
  for (let start = await look(taking), retry = 0; start !== undefined; retry++) {
    const taken = await take(taking, start).catch((error: unknown) => ({ error }));
    if (context.signal.aborted && 'error' in taken) throw taken.error;
    if (await isStill(taking, start)) {
      if (!('error' in taken)) return taken;
      if (!isBackupError(taken.error, 'run.interrupted')) throw taken.error;
    }
    if (retry === retries)
      throw new BackupError(
        failure,
        `retention policies or shards of database ${name} changed during each of ${retries + 1} backups; take it while nothing creates or drops them`,
      );
    context.log.info({ database: name }, 'a database changed while it was read, and is read again');
    start = await look(taking);
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
