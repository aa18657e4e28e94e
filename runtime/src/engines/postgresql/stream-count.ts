import { mustExist } from '../../core/must-exist.ts';
import type { Fingerprint } from '../engine.ts';
import { readArchiveContents, type ArchiveContents, type Reading } from './archive-contents.ts';
import { DataBlocks } from './data-blocks.ts';
import { itemOf, largeObjects, type Table } from './items.ts';
import type { CountedRows } from './line-count.ts';
import { hexOf } from './row-hash.ts';

/** Bytes that a reading asked for, gathered from the chunks of a stream. */
class Gathered<T> {
  readonly #reading: Reading<T>;
  #wanted: number;
  #parts: Buffer[] = [];
  #bytes = 0;
  /** What was read; undefined until all of it was. */
  done: { readonly value: T } | undefined;

  constructor(reading: Reading<T>) {
    this.#reading = reading;
    this.#wanted = this.#next(reading.next());
  }

  #next(step: IteratorResult<number, T>): number {
    if (step.done) this.done = { value: step.value };
    return step.done ? 0 : step.value;
  }

  /** Takes from a chunk until the reading is done; returns what is left of it. */
  push(chunk: Buffer): Buffer {
    let rest = chunk;
    while (!this.done && rest.length > 0) rest = this.#take(rest);
    return rest;
  }

  #take(rest: Buffer): Buffer {
    if (this.#wanted < 0) {
      const skipped = Math.min(rest.length, -this.#wanted);
      this.#wanted += skipped;
      if (this.#wanted === 0) this.#wanted = this.#next(this.#reading.next(Buffer.alloc(0)));
      return rest.subarray(skipped);
    }
    const part = rest.subarray(0, this.#wanted - this.#bytes);
    this.#parts.push(part);
    this.#bytes += part.length;
    if (this.#bytes === this.#wanted) {
      const bytes = this.#parts.length === 1 ? part : Buffer.concat(this.#parts);
      [this.#parts, this.#bytes] = [[], 0];
      this.#wanted = this.#next(this.#reading.next(bytes));
    }
    return rest.subarray(part.length);
  }
}

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
