/* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is masked to a table or bounded by the loop, and
   the checksum runs over whole databases */

/** CRC-64/Redis (Jones), reflected polynomial 0x95ac9329ac4bc9b5, as the 32-bit halves of each value. */
const [polynomialHigh, polynomialLow] = [0x95ac9329, 0xac4bc9b5];

/** Bytes taken at a time; one table for each. */
const slices = 8;

const high = new Uint32Array(slices * 256);
const low = new Uint32Array(slices * 256);

for (let byte = 0; byte < 256; byte += 1) {
  let [h, l] = [0, byte];
  for (let bit = 0; bit < 8; bit += 1) {
    const odd = l & 1;
    l = ((l >>> 1) | (h << 31)) ^ (odd ? polynomialLow : 0);
    h = (h >>> 1) ^ (odd ? polynomialHigh : 0);
  }
  high[byte] = h;
  low[byte] = l;
}
for (let index = 256; index < slices * 256; index += 1) {
  const [h, l] = [high[index - 256]!, low[index - 256]!];
  high[index] = (h >>> 8) ^ high[l & 0xff]!;
  low[index] = ((l >>> 8) | (h << 24)) ^ low[l & 0xff]!;
}

/** The checksum of everything it was given; eight bytes at a step, since it reads whole databases. */
export class Crc64 {
  #high = 0;
  #low = 0;

  update(bytes: Uint8Array): void {
    let [h, l, at] = [this.#high, this.#low, 0];
    for (; at + slices <= bytes.length; at += slices) {
      const a = l ^ (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) | (bytes[at + 3]! << 24));
      const b =
        h ^ (bytes[at + 4]! | (bytes[at + 5]! << 8) | (bytes[at + 6]! << 16) | (bytes[at + 7]! << 24));
      const [i0, i1, i2, i3] = [
        1792 + (a & 0xff),
        1536 + ((a >>> 8) & 0xff),
        1280 + ((a >>> 16) & 0xff),
        1024 + (a >>> 24),
      ];
      const [i4, i5, i6, i7] = [
        768 + (b & 0xff),
        512 + ((b >>> 8) & 0xff),
        256 + ((b >>> 16) & 0xff),
        b >>> 24,
      ];
      h = high[i0]! ^ high[i1]! ^ high[i2]! ^ high[i3]! ^ high[i4]! ^ high[i5]! ^ high[i6]! ^ high[i7]!;
      l = low[i0]! ^ low[i1]! ^ low[i2]! ^ low[i3]! ^ low[i4]! ^ low[i5]! ^ low[i6]! ^ low[i7]!;
    }
    for (; at < bytes.length; at += 1) {
      const index = (l ^ bytes[at]!) & 0xff;
      l = ((l >>> 8) | (h << 24)) ^ low[index]!;
      h = (h >>> 8) ^ high[index]!;
    }
    this.#high = h >>> 0;
    this.#low = l >>> 0;
  }

  get value(): bigint {
    return (BigInt(this.#high) << 32n) | BigInt(this.#low);
  }
}
