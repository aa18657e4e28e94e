import { packedEnd, readVarint } from './encodings.ts';

/** Types of blocks by their number (tsdb/engine/tsm1/encoding.go), by the names that a fingerprint uses. */
export const blockTypes = ['float', 'integer', 'boolean', 'string', 'unsigned'] as const;

export const stringType = blockTypes.indexOf('string');

/** Highest four bits of the first byte of values (int.go, float.go, bool.go, string.go). */
const encodingOf = (data: Buffer, at: number): number => (data[at] ?? 0) >> 4;

const unknown = (what: string): Error =>
  new Error(`the ${what} of a block are encoded in a way that is not known`);

const integersEnd = (data: Buffer, at: number, count: number): number => {
  const encoding = encodingOf(data, at);
  if (encoding === 0) return at + 1 + 8 * count;
  if (encoding === 1) return packedEnd(data, at + 9, count - 1);
  if (encoding === 2) return readVarint(data, readVarint(data, at + 9).end).end;
  throw unknown('integers');
};

const booleansEnd = (data: Buffer, at: number): number => {
  if (encodingOf(data, at) > 1) throw unknown('booleans');
  const { value, end } = readVarint(data, at + 1);
  return end + Math.ceil(value / 8);
};

/**
 * Each value is written as its difference in bits to the one before: 0 for none, 10 and as many bits as the last time, or
 * 11, five bits for the zeros before, six for the length, and that many bits. One more value, NaN, marks the end.
 */
const floatsEnd = (data: Buffer, at: number, count: number): number => {
  if (encodingOf(data, at) > 1) throw unknown('floats');
  const end = data.length * 8;
  let bit = (at + 9) * 8;
  let significant = 0;
  if (bit >= end) return data.length + 1;
  for (let left = count; left > 0 && bit < end; left--) {
    const byte = bit >>> 3;
    const bits = ((data[byte] ?? 0) << 16) | ((data[byte + 1] ?? 0) << 8) | (data[byte + 2] ?? 0);
    const head = (bits >> (11 - (bit & 7))) & 0x1fff; // 13 bits from here on
    if (head < 0x1000) bit += 1;
    else if (head < 0x1800) bit += 2 + significant;
    else {
      significant = head & 0x3f || 64;
      bit += 13 + significant;
    }
    if (left > 1 && bit >= end) return data.length + 1;
  }
  return (bit + 7) >>> 3;
};

/** What one element of compressed text is: how long its head and its literal are, and how much text it stands for. */
export interface TextElement {
  readonly head: number;
  readonly literal: number;
  readonly text: number;
}

/** Bytes of the longest head. */
export const longestHead = 5;

/** Reads the head of an element (github.com/google/snappy/format_description.txt). */
export const textElement = (data: Buffer, at: number): TextElement => {
  const tag = data[at] ?? 0;
  const kind = tag & 3;
  if (kind === 1) return { head: 2, literal: 0, text: 4 + ((tag >> 2) & 7) };
  if (kind !== 0) return { head: kind === 2 ? 3 : 5, literal: 0, text: 1 + (tag >> 2) };
  const more = Math.max(0, (tag >> 2) - 59);
  if (more === 0) return { head: 1, literal: 1 + (tag >> 2), text: 1 + (tag >> 2) };
  if (at + 1 + more > data.length) return { head: 1 + more, literal: 1, text: 1 };
  const length = 1 + data.readUIntLE(at + 1, more);
  return { head: 1 + more, literal: length, text: length };
};

const textEnd = (data: Buffer, at: number): number => {
  if (encodingOf(data, at) > 1) throw unknown('strings');
  const { value, end } = readVarint(data, at + 1);
  let left = value;
  let next = end;
  while (left > 0 && next < data.length) {
    const { head, literal, text } = textElement(data, next);
    next += head + literal;
    left -= text;
  }
  if (left < 0) throw new Error('the strings of a block are longer than it says');
  return left > 0 ? next + 1 : next;
};

/** Where `count` values of a type end that begin at `at`; behind the data where it does not hold them all. @throws Error */
export const valuesEnd = (type: number, data: Buffer, at: number, count: number): number => {
  if (at >= data.length) return at + 1;
  const name = blockTypes[type];
  if (name === 'float') return floatsEnd(data, at, count);
  if (name === 'boolean') return booleansEnd(data, at);
  return name === 'string' ? textEnd(data, at) : integersEnd(data, at, count);
};
