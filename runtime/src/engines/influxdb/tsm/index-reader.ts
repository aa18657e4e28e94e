import { compareSpans, emptySpan } from './span.ts';
import type { Window } from './window.ts';

/** First bytes of a file; the first block follows. */
export const headerBytes = 5;

/** Length of a key before it, type and number of entries behind it. */
const lengthBytes = 2;
export const keyTailBytes = 3;
/** First and last time, place and size of a block. */
export const entryBytes = 28;

/** The longest key with its first entry. */
export const longestKeyBytes = lengthBytes + 0xffff + keyTailBytes + entryBytes;

/** What is told of blocks, by themselves and by the index behind them. */
export interface Told {
  blocks: number;
  /** A sum of their sizes in which their order counts. */
  sizes: number;
}

export const tell = (told: Told, bytes: number): void => {
  told.blocks++;
  const mixed = Math.imul(told.sizes ^ bytes, 0x9e3779b1);
  told.sizes = mixed ^ (mixed >>> 15);
};

export const unlike = (): Error => new Error('its index does not fit to its blocks');

/** Place of a block, as an entry has it. */
const placeAt = (view: DataView, entryAt: number): number =>
  view.getUint32(entryAt + 16) * 2 ** 32 + view.getUint32(entryAt + 20);

const sizeAt = (view: DataView, entryAt: number): number => view.getUint32(entryAt + 24);

/**
 * Bytes to the first entry of the index where the window may stand at one, of a file whose first block has so many bytes; else
 * 0. Nothing else says where blocks end. The window holds `longestKeyBytes`, or all `left` bytes.
 */
export const firstEntryIn = ({ view, at }: Window, firstBytes: number, left: number): number => {
  const bytes = lengthBytes + view.getUint16(at) + keyTailBytes;
  if (bytes + entryBytes > left) return 0;
  const entryAt = at + bytes;
  return sizeAt(view, entryAt) === firstBytes && placeAt(view, entryAt) === headerBytes ? bytes : 0;
};

/** Reads the index of a file: keys in order, with entries that follow each other as the blocks did. */
export class IndexReader {
  readonly told: Told = { blocks: 0, sizes: 0 };
  readonly #window: Window;
  #before = emptySpan();
  #key = emptySpan();
  /** Place of the next block. */
  #place = headerBytes;

  constructor(window: Window) {
    this.#window = window;
  }

  /** Reads keys up to `end`, as far as the window holds them. @returns bytes that it must hold to go on; 0 at the end */
  readKeys(end: number): number {
    while (this.#window.position < end) {
      const bytes = this.#bytes();
      if (!this.#window.has(bytes)) return bytes;
      this.#readKey(bytes);
    }
    return 0;
  }

  /** Of the next key with its entries; at least as many where the window does not hold it. */
  #bytes(): number {
    const { view, at } = this.#window;
    if (!this.#window.has(lengthBytes)) return lengthBytes;
    const head = lengthBytes + view.getUint16(at) + keyTailBytes;
    return this.#window.has(head) ? head + view.getUint16(at + head - 2) * entryBytes : head;
  }

  #readKey(bytes: number): void {
    const { data, view, at } = this.#window;
    const key = this.#before;
    key.data = data;
    key.from = at + lengthBytes;
    key.to = key.from + view.getUint16(at);
    this.#before = this.#key;
    this.#key = key;
    if (compareSpans(this.#before, key) >= 0) throw new Error('the keys of its index are not in order');
    this.#window.at = at + bytes;
    for (let entryAt = key.to + keyTailBytes; entryAt < at + bytes; entryAt += entryBytes) {
      const size = sizeAt(view, entryAt);
      if (placeAt(view, entryAt) !== this.#place) throw unlike();
      tell(this.told, size);
      this.#place += size;
    }
  }
}
