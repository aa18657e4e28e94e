import type { RunContext } from '../../core/context.ts';
import { BackupError } from '../../core/errors.ts';
import type { Entries, Fingerprint, Preview, Restored, RestoreRequest, ServerInfo } from '../engine.ts';
import { openEntries, type Opened } from './header.ts';
import type { InfluxdbSource } from './http.ts';
import { generationOf, versionOf } from './server.ts';
import { ItemCounts } from './tsm/item-counts.ts';
import { countNow as count1 } from './v1/count.ts';
import { inspect as inspect1 } from './v1/inspect.ts';
import { preview as preview1 } from './v1/preview.ts';
import { leftovers as leftovers1, recover as recover1 } from './v1/recover.ts';
import { restore as restore1 } from './v1/restore.ts';
import { scratch as scratch1 } from './v1/scratch.ts';
import { warnOfPlainText } from './v1/tool.ts';
import { countAll as count2 } from './v2/count.ts';
import { inspect as inspect2 } from './v2/inspect.ts';
import { liveBuckets } from './v2/metadata.ts';
import { preview as preview2 } from './v2/preview.ts';
import { leftovers as leftovers2, recover as recover2 } from './v2/recover.ts';
import { restore as restore2 } from './v2/restore.ts';
import { scratch as scratch2 } from './v2/scratch.ts';

export { dump, probe } from './dump.ts';

/** Counts as the dump was counted: an archive that the server counted is only looked through. */
export const inspect = async (context: RunContext, entries: Entries): Promise<Fingerprint> => {
  const { header, rest } = await openEntries(entries);
  const kind = header.generation === 1 ? 'tags' : 'fields';
  const counts =
    header.counted === 'stream' ? new ItemCounts(context, new Date(header.asOf), kind) : undefined;
  try {
    return await (header.generation === 1 ? inspect1(header, rest, counts) : inspect2(rest, counts));
  } finally {
    await counts?.close();
  }
};

export const fingerprint = async (
  context: RunContext,
  source: InfluxdbSource,
  asOf: Date,
): Promise<Fingerprint> => {
  const failure = 'source.unreachable';
  if (generationOf(await versionOf(context, source)) === 1) return count1(context, source, asOf);
  return count2(context, source, await liveBuckets(context, source, failure), {
    asOf,
    failure,
    series: 'all',
  });
};

/** Opens an archive that the server can take. @throws BackupError restore.refused */
const openFitting = async (
  context: RunContext,
  source: InfluxdbSource,
  entries: Entries,
): Promise<Opened> => {
  const generation = generationOf(await versionOf(context, source));
  const opened = await openEntries(entries);
  if (opened.header.generation === generation) return opened;
  throw new BackupError(
    'restore.refused',
    `the archive is from influxdb ${opened.header.version}, the server is ${generation}.x`,
  );
};

export const restore = async (
  context: RunContext,
  source: InfluxdbSource,
  entries: Entries,
  request: RestoreRequest,
): Promise<Restored> => {
  const { header, rest } = await openFitting(context, source, entries);
  if (header.generation === 2) return restore2(context, source, header, rest, request);
  warnOfPlainText(context, source);
  return restore1(context, source, header, rest, request);
};

export const scratch = (context: RunContext, { version }: ServerInfo) =>
  generationOf(version) === 1 ? scratch1(context) : scratch2(context);

/** Leftovers of either generation. */
export const leftovers = async (context: RunContext, source: InfluxdbSource) =>
  (generationOf(await versionOf(context, source)) === 1 ? leftovers1 : leftovers2)(context, source);

export const recover = async (context: RunContext, source: InfluxdbSource): Promise<void> =>
  (generationOf(await versionOf(context, source)) === 1 ? recover1 : recover2)(context, source);

export const preview = async (
  context: RunContext,
  source: InfluxdbSource,
  entries: Entries,
  request: RestoreRequest,
): Promise<Preview> => {
  const { header, rest } = await openFitting(context, source, entries);
  try {
    return header.generation === 1
      ? await preview1(context, source, header, request)
      : await preview2(context, source, header, rest, request);
  } finally {
    await rest[Symbol.asyncIterator]().return?.();
  }
};
