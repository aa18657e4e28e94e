import type { RunContext } from '../../core/context.ts';
import { messageOf } from '../../core/errors.ts';
import { sideBySide } from '../../core/side-by-side.ts';
import type { Earlier } from '../engine-parts.ts';
import type { ShardNote } from './shard-notes.ts';
import type { PartShard } from './shard-parts.ts';

/** A tar file of nothing: two blocks of zeros. */
export const emptyTar = Buffer.alloc(1024);

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

/** True of a whole tar file without any file. */
export const isEmptyTar = async (content: AsyncIterable<Buffer>): Promise<boolean> => {
  let bytes = 0;
  for await (const chunk of content) {
    bytes += chunk.length;
    if (bytes > emptyTar.length || chunk.some((byte) => byte !== 0)) return false;
  }
  return bytes === emptyTar.length;
};

/** Files of a shard as the server counts them. */
export type Files = Pick<ShardNote, 'tsmFiles' | 'tsmBytes'>;

/** Names the files of a shard: those of its owner. */
export const placeOf = ({ owner, id }: Pick<PartShard, 'owner' | 'id'>): string => `${owner} ${id}`;

/** What a server says of its shards. */
export interface Proof {
  readonly clock: ServerClock;
  /**
   * True where no file of a shard is newer. The server writes what is in its cache to a file before it answers, and deletes are
   * files too, so that nothing is missed.
   */
  readonly hasNothingNew: (shard: PartShard, since: string) => Promise<boolean>;
  /**
   * The files of all shards, by place: those that went without another in their place are found by nothing else, such as all
   * points of a file that were deleted and compacted away.
   */
  readonly files: () => Promise<ReadonlyMap<string, Files>>;
}

/** Proves which of the shards are what their notes say, and their parts are there; any doubt is none. */
export const unchangedShards = async (
  context: RunContext,
  { clock, hasNothingNew, files }: Proof,
  shards: readonly PartShard[],
  notes: ReadonlyMap<number, ShardNote>,
  earlier: Earlier | undefined,
): Promise<ReadonlySet<number>> => {
  const unchanged = new Set<PartShard>();
  const look = async (shard: PartShard): Promise<void> => {
    const note = notes.get(shard.id);
    // what nothing is known of is asked for as well: its cache is in files then, older than what the shard is read by
    const isNothingNew = await hasNothingNew(shard, note?.since ?? context.now().toISOString());
    if (note && isNothingNew && clock.mark > note.since && earlier?.has(shard.name)) unchanged.add(shard);
  };
  await sideBySide(shards, together, (shard) =>
    look(shard).catch((error: unknown) => {
      context.signal.throwIfAborted();
      context.log.debug({ shard: shard.id, problem: messageOf(error) }, 'nothing is known of a shard');
    }),
  );
  if (unchanged.size === 0) return new Set();
  const present = await files().catch((error: unknown) => {
    context.signal.throwIfAborted();
    context.log.warn(
      { problem: messageOf(error) },
      'the server does not count its files: every shard is read',
    );
    return new Map<string, Files>();
  });
  const hasSameFiles = (shard: PartShard): boolean => {
    const [found, note] = [present.get(placeOf(shard)), notes.get(shard.id)];
    return found !== undefined && found.tsmFiles === note?.tsmFiles && found.tsmBytes === note.tsmBytes;
  };
  return new Set([...unchanged].filter(hasSameFiles).map(({ id }) => id));
};
