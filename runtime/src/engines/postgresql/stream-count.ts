import { mustExist } from '../../core/must-exist.ts';
import type { Fingerprint } from '../engine.ts';
import { readArchiveContents, type ArchiveContents } from './archive-contents.ts';
import { DataBlocks } from './data-blocks.ts';
import { Gathered } from './gathered.ts';
import { itemOf, largeObjects, type Table } from './items.ts';
import type { CountedRows } from './line-count.ts';
import { hexOf } from './row-hash.ts';

/** Counts a dump in the custom format as it passes, and hashes its content where asked for: nothing is read from the database for it. */
export class StreamCount {
  readonly #hashed: boolean;
  readonly #head: Gathered<ArchiveContents | undefined>;
  #contents: ArchiveContents | undefined;
  #blocks: DataBlocks | undefined;

  constructor(hashed: boolean) {
    this.#hashed = hashed;
    this.#head = new Gathered(readArchiveContents(hashed));
  }

  /** True where the format is of a version that is not known: its rows have to be counted otherwise. */
  get isUnknown(): boolean {
    return this.#head.done !== undefined && this.#head.done.value === undefined;
  }

  push(chunk: Buffer): void {
    const data = this.#head.done ? chunk : this.#head.push(chunk);
    if (!this.#blocks && this.#head.done?.value) {
      this.#contents = this.#head.done.value;
      this.#blocks = new DataBlocks(this.#contents, this.#hashed);
    }
    if (data.length > 0) this.#blocks?.push(data);
  }

  /** Of each table that there is: those without data in the dump have no rows, and others are not counted. */
  result(tables: readonly Table[], decode: (bytes: Buffer) => string): Fingerprint {
    const { rows, objects } = mustExist(this.#blocks, 'table of contents in the dump').result();
    const byItem = new Map<string, CountedRows>();
    for (const [id, counted] of rows) {
      const { schema, name } = mustExist(
        this.#contents?.entries.get(id),
        `entry ${id} in the table of contents`,
      );
      byItem.set(itemOf({ schema: decode(schema), name: decode(name) }), counted);
    }
    const none: CountedRows = { rows: 0, ...(this.#hashed && { content: hexOf(0n, 0n) }) };
    const items = tables.map((table) => [itemOf(table), { ...(byItem.get(itemOf(table)) ?? none) }] as const);
    return { ...Object.fromEntries(items), ...(objects.objects > 0 && { [largeObjects]: { ...objects } }) };
  }
}
