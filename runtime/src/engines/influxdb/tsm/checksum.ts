/* eslint-disable @typescript-eslint/no-non-null-assertion -- every index is masked to a table or bounded by the loop, and
   the checksum runs over whole databases */
import { crc32 } from 'node:zlib';

/** Bytes from which on a call of zlib pays. @default 512 - it costs as much as 250 to 500 bytes here, of which blocks seldom have more */
const longBytes = 512;

/** Bytes taken at a time; one table for each. */
const slices = 8;

const table = new Int32Array(slices * 256);
for (let byte = 0; byte < 256; byte += 1) {
  let rest = byte;
  for (let bit = 0; bit < 8; bit += 1) rest = (rest >>> 1) ^ (rest & 1 ? 0xedb88320 : 0);
  table[byte] = rest;
}
for (let index = 256; index < slices * 256; index += 1) {
  const rest = table[index - 256]!;
  table[index] = (rest >>> 8) ^ table[rest & 0xff]!;
}

const shortChecksum = (data: Uint8Array, from: number, to: number): number => {
  let crc = -1;
  let at = from;
  for (; at + slices <= to; at += slices) {
    const word = crc ^ (data[at]! | (data[at + 1]! << 8) | (data[at + 2]! << 16) | (data[at + 3]! << 24));
    crc =
      table[1792 + (word & 0xff)]! ^
      table[1536 + ((word >>> 8) & 0xff)]! ^
      table[1280 + ((word >>> 16) & 0xff)]! ^
      table[1024 + (word >>> 24)]! ^
      table[768 + data[at + 4]!]! ^
      table[512 + data[at + 5]!]! ^
      table[256 + data[at + 6]!]! ^
      table[data[at + 7]!]!;
  }
  for (; at < to; at += 1) crc = (crc >>> 8) ^ table[(crc ^ data[at]!) & 0xff]!;
  return ~crc;
};

/** CRC-32 of the bytes from `from` to `to`, as a signed number: one of 32 bits that V8 need not put into an object. */
export const checksum = (data: Buffer, from: number, to: number): number =>
  to - from < longBytes ? shortChecksum(data, from, to) : crc32(data.subarray(from, to)) | 0;
