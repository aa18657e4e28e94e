import { randomBytes } from 'node:crypto';
import { HalfSipHash } from './half-sip-hash.ts';

/** Bytes that sets of series may take together. */
export interface SeriesRoom {
  bytes: number;
}

/** Of a slot: eight of the hash, one that says what is known of the series. */
const slotBytes = 9;
const firstSlots = 1 << 10;

const [taken, live] = [1, 2];

/**
 * Different series, counted by 64 bits of a hash of each: memory is 16 bytes per series. Series for which there is no room
 * are not counted, and said to be there.
 */
export class SeriesSet {
  readonly #room: SeriesRoom;
  readonly hash: HalfSipHash;
  /** Both halves of each. */
  #hashes = new Int32Array(2 * firstSlots);
  #flags = new Uint8Array(firstSlots);
  #isWhole = true;
  size = 0;
  /** Those that are not deleted. */
  liveSize = 0;

  /** @param key of the hash, eight bytes; @default random */
  constructor(room: SeriesRoom, key: Buffer = randomBytes(8)) {
    this.#room = room;
    this.hash = new HalfSipHash(key);
  }

  /** False where there were more than could be kept. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  /** Adds the series whose bytes are those from `from` to `to`. */
  add(data: Uint8Array, isLive: boolean, from = 0, to = data.length): void {
    this.hash.update(data, from, to);
    this.addHash(this.hash.low, this.hash.high, isLive);
  }

  /** Adds a series by its hash under the same key. */
  addHash(low: number, high: number, isLive: boolean): void {
    const at = this.#slotOf(low, high);
    if (at === undefined) return;
    const flags = this.#flags[at] ?? 0;
    if ((flags & taken) === 0) this.size++;
    if (isLive && (flags & live) === 0) this.liveSize++;
    this.#flags[at] = flags | taken | (isLive ? live : 0);
  }

  /** Its slot, or the one it gets; undefined where there is no room. */
  #slotOf(low: number, high: number): number | undefined {
    if (this.size * 4 >= this.#flags.length * 3) this.#grow();
    const at = this.#find(low, high);
    if ((this.#flags[at] ?? 0) === 0) {
      if (this.size * 8 >= this.#flags.length * 7) {
        this.#isWhole = false;
        return undefined;
      }
      this.#hashes[2 * at] = low;
      this.#hashes[2 * at + 1] = high;
    }
    return at;
  }

  #find(low: number, high: number): number {
    const hashes = this.#hashes;
    const flags = this.#flags;
    const last = flags.length - 1;
    let at = low & last;
    while ((flags[at] ?? 0) !== 0 && (hashes[2 * at] !== low || hashes[2 * at + 1] !== high))
      at = (at + 1) & last;
    return at;
  }

  /** Twice the slots, where there is room. */
  #grow(): void {
    const [hashes, flags] = [this.#hashes, this.#flags];
    if (this.#room.bytes < flags.length * slotBytes) return;
    this.#room.bytes -= flags.length * slotBytes;
    [this.#hashes, this.#flags] = [new Int32Array(hashes.length * 2), new Uint8Array(flags.length * 2)];
    for (const [index, flag] of flags.entries()) {
      if (flag === 0) continue;
      const [low = 0, high = 0] = hashes.subarray(2 * index, 2 * index + 2);
      const at = this.#find(low, high);
      this.#hashes[2 * at] = low;
      this.#hashes[2 * at + 1] = high;
      this.#flags[at] = flag;
    }
  }
}
