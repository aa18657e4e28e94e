import { hash } from 'node:crypto';

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
  #hashes = new BigUint64Array(firstSlots);
  #flags = new Uint8Array(firstSlots);
  #isWhole = true;
  size = 0;
  /** Those that are not deleted. */
  liveSize = 0;

  constructor(room: SeriesRoom) {
    this.#room = room;
  }

  /** False where there were more than could be kept. */
  get isWhole(): boolean {
    return this.#isWhole;
  }

  add(series: Buffer, isLive: boolean): void {
    const at = this.#slotOf(hash('sha256', series, 'buffer').readBigUInt64LE());
    if (at === undefined) return;
    const flags = this.#flags[at] ?? 0;
    if ((flags & taken) === 0) this.size++;
    if (isLive && (flags & live) === 0) this.liveSize++;
    this.#flags[at] = flags | taken | (isLive ? live : 0);
  }

  /** Its slot, or the one it gets; undefined where there is no room. */
  #slotOf(sum: bigint): number | undefined {
    if (this.size * 4 >= this.#flags.length * 3) this.#grow();
    const at = this.#find(sum);
    if ((this.#flags[at] ?? 0) === 0) {
      if (this.size * 8 >= this.#flags.length * 7) {
        this.#isWhole = false;
        return undefined;
      }
      this.#hashes[at] = sum;
    }
    return at;
  }

  #find(sum: bigint): number {
    const last = this.#flags.length - 1;
    let at = Number(sum & BigInt(last));
    while ((this.#flags[at] ?? 0) !== 0 && this.#hashes[at] !== sum) at = (at + 1) & last;
    return at;
  }

  /** Twice the slots, where there is room. */
  #grow(): void {
    const [hashes, flags] = [this.#hashes, this.#flags];
    if (this.#room.bytes < flags.length * slotBytes) return;
    this.#room.bytes -= flags.length * slotBytes;
    [this.#hashes, this.#flags] = [new BigUint64Array(flags.length * 2), new Uint8Array(flags.length * 2)];
    for (const [index, flag] of flags.entries()) {
      if (flag === 0) continue;
      const at = this.#find(hashes[index] ?? 0n);
      this.#hashes[at] = hashes[index] ?? 0n;
      this.#flags[at] = flag;
    }
  }
}
