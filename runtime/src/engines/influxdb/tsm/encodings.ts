/** Values that a word of simple8b holds, by its selector, the highest four bits (jwilder/encoding/simple8b). */
const perWord = [240, 120, 60, 30, 20, 15, 12, 10, 8, 7, 6, 5, 4, 3, 2, 1] as const;
/** Bits of each of them; where there are none, all are 1. */
const bitsOf = [0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 30, 60] as const;

const wordBytes = 8;

const inWord = (data: Buffer, at: number): number => perWord[(data[at] ?? 0) >> 4] ?? 0;

/** Values of the words from `at` to `end`. */
export const countPacked = (data: Buffer, at: number, end: number): number => {
  let count = 0;
  for (let word = at; word < end; word += wordBytes) count += inWord(data, word);
  return count;
};

/** Where so many packed values end; behind the data where it does not hold them all. */
export const packedEnd = (data: Buffer, at: number, count: number): number => {
  let left = count;
  let word = at;
  for (; left > 0 && word + wordBytes <= data.length; word += wordBytes) left -= inWord(data, word);
  return left > 0 ? word + wordBytes : word;
};

/** Values of the words of `packed`, in order. */
export function* unpacked(packed: Buffer): Generator<bigint, void, undefined> {
  for (let at = 0; at + wordBytes <= packed.length; at += wordBytes) {
    const word = packed.readBigUInt64BE(at);
    const selector = Number(word >> 60n);
    const bits = BigInt(bitsOf[selector] ?? 0);
    const mask = (1n << bits) - 1n;
    for (let n = 0n; n < (perWord[selector] ?? 0); n++) yield bits === 0n ? 1n : (word >> (n * bits)) & mask;
  }
}

/** An unsigned number of seven bits a byte, lowest first; the longest has 64 bits. */
export interface Varint {
  readonly value: number;
  /** Behind the data where it is cut. */
  readonly end: number;
}

const longestVarint = 10;

/** @throws Error of a number that is longer than any */
export const readVarint = (data: Buffer, at: number): Varint => {
  const first = data[at] ?? 0x80;
  return first < 0x80 ? { value: first, end: at + 1 } : readLongVarint(data, at);
};

const readLongVarint = (data: Buffer, at: number): Varint => {
  let value = 0;
  for (let index = 0; index < longestVarint; index++) {
    const byte = data[at + index];
    if (byte === undefined) return { value: 0, end: at + index + 1 };
    value += (byte & 0x7f) * 2 ** (7 * index);
    if (byte < 0x80) return { value, end: at + index + 1 };
  }
  throw new Error('a number in it is too long');
};
