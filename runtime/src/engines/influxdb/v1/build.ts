import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { RunContext } from '../../../core/context.ts';
import { isBackupError, messageOf } from '../../../core/errors.ts';
import type { Fingerprint, RestoreRequest } from '../../engine.ts';
import type { InfluxdbSource } from '../http.ts';
import { countsFields } from '../measures.ts';
import { agree, afterwards } from '../ranges.ts';
import { expectedOf } from '../scope.ts';
import { suspended } from '../suspension.ts';
import { countDatabase, type Manner } from './count.ts';
import { identifier, query } from './influxql.ts';
import { listDatabases } from './list.ts';
import { applyPolicies } from './schema.ts';
import { restoreFrom } from './tool.ts';
import type { Unpacked } from './unpack.ts';

export interface Restore {
  readonly context: RunContext;
  readonly source: InfluxdbSource;
  readonly request: RestoreRequest;
  readonly asOf: Date;
  /** Series that the archive counts. */
  readonly series: Manner['series'];
  /** What the reader of the report has to know; grows. */
  readonly notes: string[];
}

const failure = 'restore.failed';

export const exists = async ({ context, source }: Restore, name: string): Promise<boolean> =>
  (await listDatabases(context, source, failure)).includes(name);

export const drop = async ({ context, source }: Restore, name: string): Promise<void> => {
  await query(context, source, `DROP DATABASE ${identifier(name)}`, failure);
};

export const dropQuietly = (restore: Restore, name: string): Promise<void> =>
  drop(restore, name).catch((problem: unknown) =>
    restore.context.log.warn(
      { database: name, reason: messageOf(problem) },
      'a database made for the restore was left behind',
    ),
  );

/** Items of the fingerprint that are of a database; the names of both may hold slashes in 2.x only. */
export const isOf =
  (database: string) =>
  (item: string): boolean =>
    item.startsWith(`${database}/`);

/**
 * `influxd restore` ends when it has sent a shard, not when the server has loaded it; until then queries find nothing or
 * fail. Time given for it: by size, as the server reads it all. Measured: 0.1 s for small shards.
 */
const loadDeadlineMs = (bytes: number): number => 5_000 + bytes / 20_000;
const pollMs = 100;

const bytesIn = async (folder: string): Promise<number> => {
  const sizes = await Promise.all((await readdir(folder)).map((file) => stat(join(folder, file))));
  return sizes.reduce((sum, { size }) => sum + size, 0);
};

/** Counts and compares again until it is equal, or the server has had time enough to load the shards. */
const onceLoaded = async <Result>(
  { context }: Restore,
  { folder }: Unpacked,
  compare: () => Promise<Result>,
): Promise<Result> => {
  const deadline = Date.now() + (folder === undefined ? 0 : loadDeadlineMs(await bytesIn(folder)));
  for (;;) {
    try {
      return await compare();
    } catch (error) {
      const loading = isBackupError(error, 'restore.mismatch') || isBackupError(error, failure);
      if (!loading || Date.now() > deadline) throw error;
      await sleep(pollMs, undefined, { signal: context.signal });
    }
  }
};

/** Counts a database under the name that it has in the archive. */
export const count = (
  { context, source, asOf, series }: Restore,
  { schema }: Unpacked,
  name: string,
  byFields = false,
): Promise<Fingerprint> =>
  countDatabase(context, source, name, { asOf, failure, countedAs: schema.name, byFields, series });

const compare = async (restore: Restore, unpacked: Unpacked, name: string): Promise<Fingerprint> => {
  const expected = expectedOf(restore.request.expected, isOf(unpacked.schema.name));
  const counted = await count(restore, unpacked, name, countsFields(expected));
  // under its own name, clients may already write to it
  return agree(restore.context, expected, counted, name === unpacked.schema.name ? restore.asOf : undefined);
};

/** Fills a database, whose retention is suspended. */
const fill = async (
  { context, source }: Restore,
  { schema, folder }: Unpacked,
  name: string,
  makeFree?: () => Promise<void>,
): Promise<void> => {
  if (folder !== undefined)
    await restoreFrom(context, source, folder, {
      database: schema.name,
      name,
      ...(makeFree && { makeFree }),
    });
  else await makeFree?.();
  await applyPolicies(context, source, schema, name, suspended);
};

/** Fills a database of a free name and compares it; it is dropped again if it differs. */
export const build = async (restore: Restore, unpacked: Unpacked, name: string): Promise<Fingerprint> => {
  try {
    await fill(restore, unpacked, name);
    return await onceLoaded(restore, unpacked, () => compare(restore, unpacked, name));
  } catch (error) {
    await dropQuietly(restore, name);
    throw error;
  }
};

/**
 * Fills a database in the place of the live one, while its clients may write; `expected` is what its copy was counted to
 * hold. Resolves to the number of points that they have written to it meanwhile.
 */
export const buildInPlace = async (
  restore: Restore,
  unpacked: Unpacked,
  expected: Fingerprint,
  makeFree: () => Promise<void>,
): Promise<number> => {
  const { name } = unpacked.schema;
  await fill(restore, unpacked, name, makeFree);
  return onceLoaded(restore, unpacked, async () =>
    afterwards(expected, await count(restore, unpacked, name)),
  );
};
