import type { RunContext } from '../../../core/context.ts';
import type { Fingerprint } from '../../engine.ts';
import { intervalsOf, type Group } from '../intervals.ts';
import { spillFolder } from '../spill-folder.ts';
import { ItemCount, type RememberedShard } from './item-count.ts';
import type { SeriesKind } from './merge.ts';
import type { ShardCount } from './shard-count.ts';
import type { ShardFacts, Span } from './shard-facts.ts';

/** Memory for the series of all items: three million different ones. */
const seriesBytes = 36 << 20;

/** Counts buckets or retention policies, by their items, as their shards pass. */
export class ItemCounts {
  readonly #room = { bytes: seriesBytes };
  readonly #items = new Map<string, ItemCount>();
  readonly #asOf: Date;
  readonly #kind: SeriesKind;
  readonly #folder;
  readonly #key;

  /** @param key of the hash of series, eight bytes; @default random */
  constructor(context: RunContext, asOf: Date, kind: SeriesKind, key?: Buffer) {
    this.#key = key;
    this.#asOf = asOf;
    this.#kind = kind;
    this.#folder = spillFolder(context);
  }

  /** Begins an item whose shards cover the time of `groups`. */
  begin(item: string, groups: readonly Group[]): void {
    this.#items.set(item, new ItemCount(intervalsOf(groups, this.#asOf), this.#kind, this.#room, this.#key));
  }

  /** Counts a shard of an item that was begun; of none, its files are only read. */
  shard(item?: string): ShardCount {
    return this.#count(item).shard(this.#folder.path);
  }

  /** As `shard`, and what the shard adds. */
  remembered(item: string | undefined, span: Span): RememberedShard {
    return this.#count(item).remembered(span, this.#folder.path);
  }

  /** Counts a shard by what it added before; false where it has to be read. */
  repeat(item: string | undefined, span: Span, facts: ShardFacts): boolean {
    return this.#count(item).repeat(span, facts);
  }

  #count(item: string | undefined): ItemCount {
    return (
      (item !== undefined && this.#items.get(item)) || new ItemCount([], this.#kind, this.#room, this.#key)
    );
  }

  /** What was counted. */
  result(): Fingerprint {
    return Object.fromEntries([...this.#items].map(([item, count]) => [item, count.measures()]));
  }

  /** Items in which a restore brings deleted points back. */
  get withDeleted(): readonly string[] {
    return [...this.#items].filter(([, { hasDeleted }]) => hasDeleted).map(([item]) => item);
  }

  close(): Promise<void> {
    return this.#folder.remove();
  }
}
