import { crc32 } from 'node:zlib';
import { checksum } from './checksum.ts';
import { readVarint } from './encodings.ts';
import { emptySpan, type Span } from './span.ts';
import { countTimes } from './times.ts';
import { blockTypes, longestHead, stringType, textElement, valuesEnd } from './values.ts';
import type { Window } from './window.ts';

/** Bytes before the data of a block. */
const checksumBytes = 4;

/** Of the times of a block: a million of them, raw, and more. */
const largestTimes = 1 << 24;

/** Blocks that are looked at as a whole; those of text may be larger, since a text may be. */
const largestWhole = 1 << 24;

const literalPart = 1 << 20;

const cut = (): Error => new Error('it is cut');

/** Passes text of any length, and returns the checksum of it all; `crc` is that of what lies before. */
const passText = async (window: Window, crc: number): Promise<number> => {
  let sum = crc;
  const pass = async (bytes: number): Promise<void> => {
    await window.need(bytes);
    sum = crc32(window.take(bytes), sum);
  };
  await window.need(longestHead + 1);
  const { value, end } = readVarint(window.data, window.at + 1);
  await pass(end - window.at);
  for (let left = value; left > 0;) {
    await window.fill(longestHead);
    const { head, literal, text } = textElement(window.data, window.at);
    await pass(head);
    for (let rest = literal; rest > 0; rest -= literalPart) await pass(Math.min(rest, literalPart));
    left -= text;
  }
  return sum;
};

/** Reads blocks, one after the other, and tells of the one that it read last: values of one series and field. */
export class Blocks {
  readonly #window: Window;
  /** Index of its type in `blockTypes`. */
  type = 0;
  /** Number of its values. */
  count = 0;
  /** Its encoded times; its values follow. */
  readonly times: Span = emptySpan();
  /** In the file, with its checksum. */
  bytes = 0;

  constructor(window: Window) {
    this.#window = window;
  }

  /** Reads a block, which does not say where it ends: its values do. Nothing to wait for where the window holds it. */
  next(): Promise<void> | undefined {
    return this.#readHead() && this.#readRest() ? undefined : this.#gather();
  }

  /** @throws Error of a block that is damaged or cut */
  async #gather(): Promise<void> {
    const window = this.#window;
    await this.#gatherHead();
    for (let isMore = true; !this.#readRest();) {
      const bytes = Math.max(this.bytes, 2 * (window.data.length - window.at));
      if (!isMore) throw cut();
      if (bytes > largestWhole && this.type === stringType) return this.#readLongText();
      if (bytes > 2 * largestWhole)
        throw new Error(`the block at byte ${window.position} is larger than any`);
      isMore = await window.fill(bytes);
      this.#readHead(); // the window has moved
    }
  }

  async #gatherHead(): Promise<void> {
    for (let bytes = 64; ; bytes *= 4) {
      const isMore = await this.#window.fill(bytes);
      if (this.#readHead()) return;
      if (!isMore) throw cut();
    }
  }

  /** Reads what lies before the values; false where the window does not hold it all. @throws Error */
  #readHead(): boolean {
    const { data, at } = this.#window;
    const typeAt = at + checksumBytes;
    const { value, end } = readVarint(data, typeAt + 1);
    if (end > data.length) return false;
    this.type = data[typeAt] ?? 0;
    if (this.type >= blockTypes.length) throw new Error(`a block has a type that is not known, ${this.type}`);
    if (value > largestTimes) throw new Error(`a block says that it has ${value} bytes of times`);
    const { times } = this;
    times.data = data;
    times.from = end;
    times.to = end + value;
    if (times.to > data.length) return false;
    this.count = countTimes(data, times.from, times.to);
    return true;
  }

  /** False where the window does not hold all of it; `bytes` is what it must hold at least. */
  #readRest(): boolean {
    const window = this.#window;
    const { data, at } = window;
    const end = valuesEnd(this.type, data, this.times.to, this.count);
    this.bytes = end - at;
    if (end > data.length) return false;
    this.#check(window.view.getInt32(at), checksum(data, at + checksumBytes, end), window.position);
    window.at = end;
    return true;
  }

  #check(written: number, found: number, position: number): void {
    if (written !== found) throw new Error(`the block at byte ${position} differs from its checksum`);
  }

  /** A block of text that is too large to be looked at as a whole. */
  async #readLongText(): Promise<void> {
    const window = this.#window;
    const { at, position } = window;
    const written = window.view.getInt32(at);
    const crc = crc32(window.take(this.times.to - at).subarray(checksumBytes));
    this.#check(written, (await passText(window, crc)) | 0, position);
    this.bytes = window.position - position;
  }
}
