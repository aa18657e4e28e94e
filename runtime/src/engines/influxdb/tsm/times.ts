import { countPacked, readVarint, unpacked } from './encodings.ts';

/**
 * Values in one block at most. InfluxDB writes 1,000, and 10,000 where it was not written to for hours (tsdb/config.go); a
 * million is what a hostile file may ask to unpack.
 */
const most = 1 << 20;

/** Highest four bits of the first byte (tsdb/engine/tsm1/timestamp.go). */
const encodings = { raw: 0, packed: 1, repeated: 2 } as const;

/** Bytes before the packed values, or the repeated one: how they are encoded, and the first time. */
const headBytes = 9;

const countOf = (data: Buffer, at: number, end: number): number => {
  const encoding = (data[at] ?? 0) >> 4;
  if (encoding === encodings.raw) return (end - at - 1) / 8;
  if (end - at < headBytes) throw new Error('the times of a block are cut');
  if (encoding === encodings.packed) return 1 + countPacked(data, at + headBytes, end);
  if (encoding === encodings.repeated) return readVarint(data, readVarint(data, at + headBytes).end).value;
  throw new Error(`the times of a block are encoded in a way that is not known, ${encoding}`);
};

/** Number of the times that are encoded from `at` to `end`. @throws Error */
export const countTimes = (data: Buffer, at: number, end: number): number => {
  const count = countOf(data, at, end);
  if (Number.isInteger(count) && count > 0 && count <= most) return count;
  throw new Error(`a block says that it holds ${count} values`);
};

/** Sums up differences; as the server does, in 64 bits. */
const summedUp = (
  first: bigint,
  differences: Iterable<bigint>,
  scale: bigint,
  count: number,
): BigInt64Array => {
  const times = new BigInt64Array(count);
  let [time, index] = [first, 0];
  times[index++] = time;
  for (const difference of differences) {
    time += difference * scale;
    if (index < count) times[index++] = time;
  }
  return times;
};

function* repeated(value: bigint, count: number): Generator<bigint, void, undefined> {
  for (let index = 0; index < count; index++) yield value;
}

function* words(encoded: Buffer, at: number): Generator<bigint, void, undefined> {
  for (; at + 8 <= encoded.length; at += 8) yield encoded.readBigUInt64BE(at);
}

/** The difference that is repeated has up to 64 bits. */
const readBigVarint = (data: Buffer, at: number): bigint => {
  let value = 0n;
  for (let index = 0; ; index++) {
    const byte = data[at + index] ?? 0;
    value |= BigInt(byte & 0x7f) << BigInt(7 * index);
    if (byte < 0x80) return value;
  }
};

/** Times of a block in nanoseconds, in order. @throws Error */
export const decodeTimes = (encoded: Buffer): BigInt64Array => {
  const count = countTimes(encoded, 0, encoded.length);
  const [first = 0] = encoded;
  const scale = 10n ** BigInt(first & 0xf);
  const start = encoded.readBigUInt64BE(1);
  if (first >> 4 === encodings.raw) return summedUp(start, words(encoded, headBytes), 1n, count);
  if (first >> 4 === encodings.packed)
    return summedUp(start, unpacked(encoded.subarray(headBytes)), scale, count);
  return summedUp(start, repeated(readBigVarint(encoded, headBytes), count - 1), scale, count);
};
