import { mustExist } from '../../../core/must-exist.ts';
import { blockHeadBytes, entryBytes, keyTailBytes, type TsmFile } from './file.ts';
import { decodeTimes } from './times.ts';
import { forEver, keyText, type Deleted, type Tombstones } from './tombstones.ts';
import { Window } from './window.ts';

/** Goes through what was kept of a TSM file, key by key, block by block, time by time. */
export class Cursor {
  readonly #blocks: Window;
  readonly #index: Window;
  readonly #tombstones: Tombstones | undefined;
  #entriesLeft = 0;
  #times: BigInt64Array | undefined;
  #encoded: Buffer = Buffer.alloc(0);
  #at = 0;
  #deleted: readonly Deleted[] = [];
  /** The key that it stands at; undefined behind the last. */
  key: Buffer | undefined;
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
  async nextKey(): Promise<void> {
    this.key = undefined;
    if (!this.#index.has(2) && !(await this.#index.fill(2))) return;
    const bytes = 2 + this.#index.data.readUInt16BE(this.#index.at) + keyTailBytes;
    if (!this.#index.has(bytes)) await this.#index.need(bytes);
    const head = this.#index.take(bytes);
    this.key = head.subarray(2, -keyTailBytes);
    this.#entriesLeft = head.readUInt16BE(bytes - 2);
    const { byKey, isWhole } = this.#tombstones ?? { byKey: undefined, isWhole: true };
    this.#deleted = isWhole ? (byKey?.get(keyText(this.key)) ?? []) : [forEver];
    await this.nextBlock();
  }

  /** Goes to the next block of the key; false where there is none. */
  async nextBlock(): Promise<boolean> {
    this.left = 0;
    if (this.#entriesLeft-- <= 0) return false;
    if (!this.#index.has(entryBytes)) await this.#index.need(entryBytes);
    const entry = this.#index.take(entryBytes);
    [this.first, this.last] = [entry.readBigInt64BE(0), entry.readBigInt64BE(8)];
    if (!this.#blocks.has(blockHeadBytes)) await this.#blocks.need(blockHeadBytes);
    const head = this.#blocks.take(blockHeadBytes);
    const [word, bytes] = [head.readUInt32BE(0), head.readUInt32BE(4)];
    if (!this.#blocks.has(bytes)) await this.#blocks.need(bytes);
    this.#encoded = this.#blocks.take(bytes);
    [this.#times, this.#at] = [undefined, 0];
    [this.type, this.left] = [word >>> 24, word & 0xffffff];
    return true;
  }

  /** False where the times of the block were not kept. */
  get hasTimes(): boolean {
    return this.#encoded.length > 0;
  }

  /** How much of what is left of the block is deleted. */
  get deleted(): 'all' | 'none' | 'some' {
    if (this.#deleted.some(({ min, max }) => min <= this.first && this.last <= max)) return 'all';
    return this.#deleted.some(({ min, max }) => min <= this.last && this.first <= max) ? 'some' : 'none';
  }

  /** True where the time that it stands at is deleted. */
  get isDeleted(): boolean {
    return this.#deleted.some(({ min, max }) => min <= this.first && this.first <= max);
  }

  /** Goes to the next time of the block, whose times are kept. */
  step(): void {
    this.#times ??= decodeTimes(this.#encoded);
    this.left--;
    if (this.left > 0) this.first = mustExist(this.#times[++this.#at], 'time');
  }
}
