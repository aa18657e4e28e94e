import type { Reading } from './archive-contents.ts';

/** Bytes that a reading asked for, gathered from the chunks of a stream. */
export class Gathered<T> {
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
