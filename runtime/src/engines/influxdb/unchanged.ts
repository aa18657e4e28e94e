import type { RunContext } from '../../../core/context.ts';
import { messageOf } from '../../../core/errors.ts';
import { sideBySide } from '../../../core/side-by-side.ts';
import { call, callText, type InfluxdbSource } from '../http.ts';
import { failure } from './dump.ts';
import type { ShardNote } from './shard-notes.ts';

/** A tar file of nothing: two blocks of zeros. */
const emptyBytes = 1024;

/** Shards that are asked for at once. @default 4 - each makes links to the files of one shard, and sends none of them */
const together = 4;

/** The newest time of the server's clock that an answer told: everything that was written later is newer. */
export class ServerClock {
  #newest = new Date(0);

  see(date: string | undefined): void {
    const time = new Date(date ?? 0);
    if (time > this.#newest) this.#newest = time;
  }

  get mark(): string {
    return this.#newest.toISOString();
  }
}

/**
 * True where no file of a shard is newer. The server writes what is in its cache to a file before it answers, and deletes are
 * files too, so that nothing is missed.
 */
const hasNothingNew = async (
  context: RunContext,
  source: InfluxdbSource,
  id: number,
  since: string,
  clock: ServerClock,
): Promise<boolean> => {
  const path = `/api/v2/backup/shards/${id}?since=${since}`;
  const response = await call(context, source, { method: 'GET', path, failure }, { missing: true });
  clock.see(response.headers.date);
  try {
    let bytes = 0;
    for await (const chunk of response as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > emptyBytes || chunk.some((byte) => byte !== 0)) return false;
    }
    return response.statusCode === 200 && bytes === emptyBytes && response.complete;
  } finally {
    response.destroy();
  }
};

const metricsOf = (text: string, metric: string): ReadonlyMap<string, number> =>
  new Map(
    [...text.matchAll(new RegExp(`^${metric}\\{(.*)\\} (\\S+)$`, 'gm'))].map(
      ([, labels = '', value = '']) => {
        const label = (name: string) => new RegExp(`(?:^|,)${name}="([^"]*)"`).exec(labels)?.[1] ?? '';
        return [`${label('bucket')} ${label('id')}`, Number(value)] as const;
      },
    ),
  );

/**
 * The files of shards, as the server counts them: those that went without another in their place are found by nothing else, such
 * as all points of a file that were deleted and compacted away.
 */
const filesOf = async (context: RunContext, source: InfluxdbSource) => {
  const text = await callText(context, source, { method: 'GET', path: '/metrics', failure });
  return {
    files: metricsOf(text, 'storage_tsm_files_total'),
    bytes: metricsOf(text, 'storage_tsm_files_disk_bytes'),
  };
};

/** Proves which of the shards are what their notes say; any doubt is none. */
export const unchangedShards = async (
  context: RunContext,
  source: InfluxdbSource,
  ids: readonly number[],
  notes: ReadonlyMap<number, ShardNote>,
  clock: ServerClock,
): Promise<ReadonlySet<number>> => {
  const unchanged = new Set<number>();
  const look = async (id: number): Promise<void> => {
    const note = notes.get(id);
    // what nothing is known of is asked for as well: its cache is in files then, older than what the shard is read by
    const since = note?.since ?? context.now().toISOString();
    const isNothingNew = await hasNothingNew(context, source, id, since, clock);
    if (note && isNothingNew && clock.mark > note.since) unchanged.add(id);
  };
  await sideBySide(ids, together, (id) =>
    look(id).catch((error: unknown) => {
      context.signal.throwIfAborted();
      context.log.debug({ shard: id, problem: messageOf(error) }, 'nothing is known of a shard');
    }),
  );
  if (unchanged.size === 0) return unchanged;
  const present = await filesOf(context, source).catch((error: unknown) => {
    context.signal.throwIfAborted();
    context.log.warn(
      { problem: messageOf(error) },
      'the server does not count its files: every shard is read',
    );
    return { files: new Map<string, number>(), bytes: new Map<string, number>() };
  });
  for (const id of unchanged) {
    const { bucketID = '', tsmFiles = -1, tsmBytes = -1 } = notes.get(id) ?? {};
    const place = `${bucketID} ${id}`;
    if (present.files.get(place) !== tsmFiles || present.bytes.get(place) !== tsmBytes) unchanged.delete(id);
  }
  return unchanged;
};
