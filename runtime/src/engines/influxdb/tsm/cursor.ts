import { mustExist } from '../../../core/must-exist.ts';
import { blockHeadBytes, type TsmFile } from './file.ts';
import { entryBytes, keyTailBytes, longestKeyBytes } from './index-reader.ts';
import { emptySpan, type Span } from './span.ts';
import { decodeTimes } from './times.ts';
import { forEver, keyText, type Deleted, type Tombstones } from './tombstones.ts';
import { Window } from './window.ts';

const none: readonly Deleted[] = [];

/**
 * Goes through what was kept of a TSM file, key by key, block by block, time by time. Steps return a promise only where
 * they have to wait for bytes.
 */
export class Cursor {
  readonly #blocks: Window;
  readonly #index: Window;
  readonly #tombstones: Tombstones | undefined;
  #entriesLeft = 0;
  #times: BigInt64Array | undefined;
  readonly #encoded = emptySpan();
  #at = 0;
  #deleted = none;
  /** True behind the last key. */
  isAtEnd = false;
  /** The key that it stands at. */
  readonly key: Span = emptySpan();
  /** Of the block that it stands at. */
  type = 0;
  /** Points of the block that are left. */
  left = 0;
  /** First and last time of what is left of the block. */
  first = 0n;
  last = 0n;

  constructor({ blocks, index }: TsmFile, tombstones?: Tombstones) {
    this.#blocks = new Window(blocks.read());
    this.#index = new Window(index.read());
    this.#tombstones = tombstones;
  }

  /** Goes to the first block of the next key, once all of this one's are passed. */
  nextKey(): Promise<void> | undefined {
    if (this.#index.isFilled(longestKeyBytes)) return this.#toKey();
    return this.#index.fill(longestKeyBytes).then(() => this.#toKey());
  }

  #toKey(): Promise<void> | undefined {
    const { data, view, at } = this.#index;
    this.isAtEnd = at === data.length;
    if (this.isAtEnd) return undefined;
    const { key } = this;
    key.data = data;
    key.from = at + 2;
    key.to = key.from + view.getUint16(at);
    this.#index.at = key.to + keyTailBytes;
    this.#entriesLeft = view.getUint16(this.#index.at - 2);
    if (this.#tombstones) this.#deleted = this.#deletedOf(this.#tombstones);
    return this.nextBlock();
  }

  #deletedOf({ byKey, isWhole }: Tombstones): readonly Deleted[] {
    const { data, from, to } = this.key;
    return isWhole ? (byKey.get(keyText(data.subarray(from, to))) ?? none) : [forEver];
  }

  /** Goes to the next block of the key; `left` is 0 where there is none. */
  nextBlock(): Promise<void> | undefined {
    this.left = 0;
    if (this.#entriesLeft === 0) return undefined;
    this.#entriesLeft--;
    return this.#isAtBlock() ? undefined : this.#gatherBlock();
  }

  async #gatherBlock(): Promise<void> {
    await this.#index.need(entryBytes);
    await this.#blocks.need(blockHeadBytes);
    await this.#blocks.need(this.#blockBytes());
    this.#isAtBlock();
  }

  /** In the spill. */
  #blockBytes(): number {
    return blockHeadBytes + this.#blocks.view.getUint32(this.#blocks.at + 4);
  }

  /** False where the windows do not hold it. */
  #isAtBlock(): boolean {
    const [index, blocks] = [this.#index, this.#blocks];
    if (!index.has(entryBytes) || !blocks.has(blockHeadBytes)) return false;
    const bytes = this.#blockBytes();
    if (!blocks.has(bytes)) return false;
    const word = blocks.view.getUint32(blocks.at);
    this.#encoded.data = blocks.data;
    this.#encoded.from = blocks.at + blockHeadBytes;
    this.#encoded.to = blocks.at += bytes;
    this.#times = undefined;
    this.#at = 0;
    this.first = index.view.getBigInt64(index.at);
    this.last = index.view.getBigInt64(index.at + 8);
    index.at += entryBytes;
    this.type = word >>> 24;
    this.left = word & 0xffffff;
    return true;
  }

  /** False where the times of the block were not kept. */
  get hasTimes(): boolean {
    return this.#encoded.to > this.#encoded.from;
  }

  /** How much of what is left of the block is deleted. */
  get deleted(): 'all' | 'none' | 'some' {
    if (this.#deleted.length === 0) return 'none';
    if (this.#deleted.some(({ min, max }) => min <= this.first && this.last <= max)) return 'all';
    return this.#deleted.some(({ min, max }) => min <= this.last && this.first <= max) ? 'some' : 'none';
  }

  /** True where the time that it stands at is deleted. */
  get isDeleted(): boolean {
    return this.#deleted.some(({ min, max }) => min <= this.first && this.first <= max);
  }

  /** Goes to the next time of the block, whose times are kept. */
  step(): void {
    const { data, from, to } = this.#encoded;
    this.#times ??= decodeTimes(data.subarray(from, to));
    this.left--;
    if (this.left > 0) this.first = mustExist(this.#times[++this.#at], 'time');
  }
}
