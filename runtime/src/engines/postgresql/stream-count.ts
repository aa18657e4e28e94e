import { mustExist } from '../../core/must-exist.ts';
import type { Fingerprint } from '../engine.ts';
import { readArchiveContents, type ArchiveContents, type Reading } from './archive-contents.ts';
import { DataBlocks } from './data-blocks.ts';
import { itemOf, largeObjects, type Table } from './items.ts';

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

/** Counts the rows of a dump in the custom format as it passes: nothing is read from the database for it. */
export class StreamCount {
  readonly #head = new Gathered(readArchiveContents());
  #contents: ArchiveContents | undefined;
  #blocks: DataBlocks | undefined;

  /** True where the format is of a version that is not known: its rows have to be counted otherwise. */
  get isUnknown(): boolean {
    return this.#head.done !== undefined && this.#head.done.value === undefined;
  }

  push(chunk: Buffer): void {
    const data = this.#head.done ? chunk : this.#head.push(chunk);
    if (!this.#blocks && this.#head.done?.value) {
      this.#contents = this.#head.done.value;
      this.#blocks = new DataBlocks(this.#contents);
    }
    if (data.length > 0) this.#blocks?.push(data);
  }

  /** Of each table that there is: those without data in the dump have no rows, and others are not counted. */
  result(tables: readonly Table[], decode: (bytes: Buffer) => string): Fingerprint {
    const { rows, objects } = mustExist(this.#blocks, 'table of contents in the dump').result();
    const byItem = new Map<string, number>();
    for (const [id, count] of rows) {
      const { schema, name } = mustExist(
        this.#contents?.entries.get(id),
        `entry ${id} in the table of contents`,
      );
      byItem.set(itemOf({ schema: decode(schema), name: decode(name) }), count);
    }
    const items = tables.map((table) => [itemOf(table), { rows: byItem.get(itemOf(table)) ?? 0 }] as const);
    return { ...Object.fromEntries(items), ...(objects > 0 && { [largeObjects]: { objects } }) };
  }
}
