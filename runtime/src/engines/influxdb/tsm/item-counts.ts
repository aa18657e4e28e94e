import type { RunContext } from '../../../core/context.ts';
import type { Fingerprint } from '../../engine.ts';
import { intervalsOf, type Group } from '../intervals.ts';
import { spillFolder } from '../spill-folder.ts';
import { ItemCount } from './item-count.ts';
import type { SeriesKind } from './merge.ts';
import type { ShardCount } from './shard-count.ts';

/** Memory for the series of all items: three million different ones. */
const seriesBytes = 36 << 20;

/** Counts buckets or retention policies, by their items, as their shards pass. */
export class ItemCounts {
  readonly #room = { bytes: seriesBytes };
  readonly #items = new Map<string, ItemCount>();
  readonly #asOf: Date;
  readonly #kind: SeriesKind;
  readonly #folder;

  constructor(context: RunContext, asOf: Date, kind: SeriesKind) {
    this.#asOf = asOf;
    this.#kind = kind;
    this.#folder = spillFolder(context);
  }

  /** Begins an item whose shards cover the time of `groups`. */
  begin(item: string, groups: readonly Group[]): void {
    this.#items.set(item, new ItemCount(intervalsOf(groups, this.#asOf), this.#kind, this.#room));
  }

  /** Counts a shard of an item that was begun; of none, its files are only read. */
  shard(item?: string): ShardCount {
    const count = (item !== undefined && this.#items.get(item)) || new ItemCount([], this.#kind, this.#room);
    return count.shard(this.#folder.path);
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
