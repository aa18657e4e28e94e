/* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is bounded by the loops, and there are millions of
   series */

/** Rounds for each word, and at the end: those that hash tables have (Linux: hsiphash). */
const endRounds = 3;

const wordBytes = 4;

const left = (word: number, bits: number): number => (word << bits) | (word >>> (32 - bits));

/** The last bytes, up to three, and the length. */
const lastWord = (data: Uint8Array, from: number, to: number): number => {
  let word = (to - from) << 24;
  for (let at = to - ((to - from) % wordBytes), bits = 0; at < to; at++, bits += 8) word |= data[at]! << bits;
  return word;
};

/**
 * Hashes bytes to 64 bits, in words of 32 bits as JavaScript has them: HalfSipHash-1-3 (github.com/veorq/SipHash,
 * halfsiphash.c). Whoever does not know the key cannot choose bytes of the same hash.
 */
export class HalfSipHash {
  readonly #key0: number;
  readonly #key1: number;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;
  /** Halves of the hash, signed. */
  low = 0;
  high = 0;

  /** @param key of eight bytes */
  constructor(key: Buffer) {
    [this.#key0, this.#key1] = [key.readInt32LE(0), key.readInt32LE(4)];
  }

  /** Hashes the bytes from `from` to `to`. */
  update(data: Uint8Array, from: number, to: number): void {
    let v0 = this.#key0;
    let v1 = this.#key1 ^ 0xee;
    let v2 = this.#key0 ^ 0x6c796765;
    let v3 = this.#key1 ^ 0x74656462;
    const words = to - ((to - from) % wordBytes);
    for (let at = from; at <= words; at += wordBytes) {
      const word =
        at < words
          ? data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24)
          : lastWord(data, from, to);
      v3 ^= word;
      v0 = (v0 + v1) | 0;
      v1 = left(v1, 5) ^ v0;
      v0 = left(v0, 16);
      v2 = (v2 + v3) | 0;
      v3 = left(v3, 8) ^ v2;
      v0 = (v0 + v3) | 0;
      v3 = left(v3, 7) ^ v0;
      v2 = (v2 + v1) | 0;
      v1 = left(v1, 13) ^ v2;
      v2 = left(v2, 16);
      v0 ^= word;
    }
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2 ^ 0xee;
    this.#v3 = v3;
    this.low = this.#half();
    this.#v1 ^= 0xdd;
    this.high = this.#half();
  }

  #half(): number {
    for (let round = 0; round < endRounds; round++) this.#round();
    return this.#v1 ^ this.#v3;
  }

  #round(): void {
    this.#v0 = (this.#v0 + this.#v1) | 0;
    this.#v1 = left(this.#v1, 5) ^ this.#v0;
    this.#v0 = left(this.#v0, 16);
    this.#v2 = (this.#v2 + this.#v3) | 0;
    this.#v3 = left(this.#v3, 8) ^ this.#v2;
    this.#v0 = (this.#v0 + this.#v3) | 0;
    this.#v3 = left(this.#v3, 7) ^ this.#v0;
    this.#v2 = (this.#v2 + this.#v1) | 0;
    this.#v1 = left(this.#v1, 13) ^ this.#v2;
    this.#v2 = left(this.#v2, 16);
  }
}
