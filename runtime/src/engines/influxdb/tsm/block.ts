import { crc32 } from 'node:zlib';
import { readVarint } from './encodings.ts';
import { countTimes } from './times.ts';
import { blockTypes, longestHead, stringType, textElement, valuesEnd } from './values.ts';
import type { Window } from './window.ts';

/** A block of values of one series and field. */
export interface Block {
  /** Index of its type in `blockTypes`. */
  readonly type: number;
  /** Number of its values. */
  readonly count: number;
  /** Its encoded times. */
  readonly times: Buffer;
  /** In the file, with its checksum. */
  readonly bytes: number;
}

/** Bytes before the data of a block. */
const checksumBytes = 4;

/** A million times, raw. */
const largestTimes = 1 << 24;

/** Blocks that are looked at as a whole; those of text may be larger, since a text may be. */
const largestWhole = 1 << 24;

const literalPart = 1 << 20;

const cut = (): Error => new Error('it is cut');

/** The beginning of a block; places are those from its first byte on. */
interface Head {
  readonly type: number;
  readonly count: number;
  readonly timesAt: number;
  readonly valuesAt: number;
}

/** Undefined where the data does not hold it all. @throws Error */
const parseHead = ({ data, at }: Window): Head | undefined => {
  const typeAt = at + checksumBytes;
  const { value, end: timesAt } = readVarint(data, typeAt + 1);
  if (timesAt > data.length) return undefined;
  const type = data[typeAt] ?? 0;
  if (type >= blockTypes.length) throw new Error(`a block has a type that is not known, ${type}`);
  if (value > largestTimes) throw new Error(`a block says that it has ${value} bytes of times`);
  const valuesAt = timesAt + value;
  if (valuesAt > data.length) return undefined;
  return { type, count: countTimes(data, timesAt, valuesAt), timesAt: timesAt - at, valuesAt: valuesAt - at };
};

const readHead = async (window: Window): Promise<Head> => {
  for (let bytes = 64; ; bytes *= 4) {
    const isMore = await window.fill(bytes);
    const head = parseHead(window);
    if (head) return head;
    if (!isMore) throw cut();
  }
};

/** The part of a block that is in the window, by its places. */
const part = ({ data, at }: Window, from: number, to: number): Buffer => data.subarray(at + from, at + to);

/** Passes text of any length, and returns the checksum of it all; `crc` is that of what lies before. */
const passText = async (window: Window, crc: number): Promise<number> => {
  let sum = crc;
  const pass = async (bytes: number): Promise<void> => {
    await window.need(bytes);
    sum = crc32(window.take(bytes), sum);
  };
  await window.need(longestHead + 1);
  const { value, end } = readVarint(window.data, window.at + 1);
  await pass(end - window.at);
  for (let left = value; left > 0;) {
    await window.fill(longestHead);
    const { head, literal, text } = textElement(window.data, window.at);
    await pass(head);
    for (let rest = literal; rest > 0; rest -= literalPart) await pass(Math.min(rest, literalPart));
    left -= text;
  }
  return sum;
};

const checked = (block: Block, written: number, found: number, position: number): Block => {
  if (written === found) return block;
  throw new Error(`the block at byte ${position} differs from its checksum`);
};

/** A block of text that is too large to be looked at as a whole. */
const readLongText = async (window: Window, { type, count, timesAt, valuesAt }: Head): Promise<Block> => {
  const start = window.position;
  const written = part(window, 0, checksumBytes).readUInt32BE();
  const times = part(window, timesAt, valuesAt);
  const crc = crc32(part(window, checksumBytes, valuesAt));
  window.take(valuesAt);
  const found = await passText(window, crc);
  return checked({ type, count, times, bytes: window.position - start }, written, found, start);
};

/** Reads a block, which does not say where it ends: its values do. @throws Error of one that is damaged or cut */
export const readBlock = async (window: Window): Promise<Block> => {
  const head = await readHead(window);
  const { type, count, timesAt, valuesAt } = head;
  for (let isMore = true; ;) {
    const end = valuesEnd(type, window.data, window.at + valuesAt, count);
    if (end <= window.data.length) {
      const { position } = window;
      const times = part(window, timesAt, valuesAt);
      const block = window.take(end - window.at);
      const found = crc32(block.subarray(checksumBytes));
      return checked({ type, count, times, bytes: block.length }, block.readUInt32BE(), found, position);
    }
    const bytes = Math.max(end - window.at, 2 * (window.data.length - window.at));
    if (!isMore) throw cut();
    if (bytes > largestWhole && type === stringType) return readLongText(window, head);
    if (bytes > 2 * largestWhole) throw new Error(`the block at byte ${window.position} is larger than any`);
    isMore = await window.fill(bytes);
  }
};
