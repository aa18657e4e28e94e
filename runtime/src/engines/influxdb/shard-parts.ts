import type { RunContext } from '../../core/context.ts';
import type { NewPart, PartFacts, PartsDump, SamePart } from '../engine-parts.ts';
import { measured, type File } from './listing.ts';
import { warnOfDeletes } from './ranges.ts';
import { checkedShard, type ShardContent } from './shard.ts';
import { writeNotes, type ShardNote } from './shard-notes.ts';
import type { ItemCounts } from './tsm/item-counts.ts';
import type { ShardFacts, Span } from './tsm/shard-facts.ts';
import { blockTypes } from './tsm/values.ts';

/** A shard, which is a part of a dump. */
export interface PartShard {
  readonly id: number;
  /** Of its entry. */
  readonly name: string;
  /** Bucket or retention policy: numbers of shards may come again. */
  readonly owner: string;
  /** Item of the fingerprint; undefined where its points are not counted. */
  readonly item: string | undefined;
  /** What it is of, for people. */
  readonly of: PartFacts;
  /** Time of its points. */
  readonly span: Span;
}

/** What is known of the parts of a dump so far. */
export interface Known {
  readonly counts: ItemCounts;
  readonly files: File[];
  readonly notes: Map<number, ShardNote>;
}

/** For people; nothing of it is read again. */
const shown = ({ id, of }: PartShard, facts: ShardFacts | undefined): PartFacts => {
  const about = { shard: id, ...of };
  if (!facts) return about;
  const [first = '', last = ''] = [facts.intervals.at(0), facts.intervals.at(-1)];
  const byType = facts.points.map(([, type, points]) => [blockTypes[type] ?? `${type}`, points] as const);
  const points: Record<string, number> = {};
  for (const [type, count] of byType) points[type] = (points[type] ?? 0) + count;
  return { ...about, from: first.split('/')[0] ?? '', to: last.split('/')[1] ?? '', ...points };
};

/** How a shard is stored. */
export interface Taking {
  /** The server's clock before it was asked for. */
  readonly since: string;
  /** What becomes of the tar file. @default it is stored as it is */
  readonly stored?: (tar: AsyncIterable<Buffer>) => AsyncIterable<Buffer>;
}

/** A shard as it is now, by its tar file; checked, counted and noted as it passes. */
export const newPart = (
  { counts, files, notes }: Known,
  shard: PartShard,
  tar: AsyncIterable<Buffer>,
  { since, stored = (same) => same }: Taking,
): NewPart => {
  const { id, name, owner } = shard;
  const { count, facts } = counts.remembered(shard.item, shard.span);
  let content: ShardContent = { tsmFiles: 0, tsmBytes: 0, tombstones: 0 };
  const look = { count, report: (found: ShardContent) => (content = found) };
  const note = (file: File): void => {
    files.push(file);
    const known = facts();
    const { tsmFiles, tsmBytes, tombstones } = content;
    if (!known || tombstones > 0) return;
    const { bytes, sha256 } = file;
    notes.set(id, { owner, since, tsmFiles, tsmBytes, bytes, sha256, facts: known } as ShardNote);
  };
  const passed = stored(checkedShard(tar, `${id}`, 'dump.damaged', look));
  return {
    name,
    content: measured({ name, content: passed }, note),
    facts: () => shown(shard, notes.get(id)?.facts),
  };
};

/** True where a shard is counted by what it had before, and its part goes on. */
const goesOn = (
  { counts, files, notes }: Known,
  { id, name, owner, item, span }: PartShard,
  note: ShardNote | undefined,
): boolean => {
  if (note?.owner !== owner || !counts.repeat(item, span, note.facts)) return false;
  files.push({ name, bytes: note.bytes, sha256: note.sha256 });
  notes.set(id, note);
  return true;
};

/** What came of a dump whose shards were parts, all of which have passed. */
export const outcomeOf = (
  context: RunContext,
  { counts, notes }: Known,
  seriesKey: Buffer,
): Pick<PartsDump, 'fingerprint' | 'notes' | 'close'> => ({
  fingerprint: async () => {
    warnOfDeletes(context, counts.withDeleted);
    return counts.result();
  },
  notes: () => writeNotes({ seriesKey, shards: notes }),
  close: () => counts.close(),
});

/** Shards as parts; those that did not change go on, and `read` gives the others, if they are still there. */
export async function* shardParts(
  known: Known,
  shards: readonly PartShard[],
  unchanged: ReadonlySet<number>,
  notes: ReadonlyMap<number, ShardNote>,
  read: (shard: PartShard) => Promise<NewPart | undefined>,
): AsyncGenerator<NewPart | SamePart> {
  for (const shard of shards) {
    const { id, name } = shard;
    if (unchanged.has(id) && goesOn(known, shard, notes.get(id))) {
      yield { name, isSame: true };
      continue;
    }
    const part = await read(shard);
    if (part) yield part;
  }
}
