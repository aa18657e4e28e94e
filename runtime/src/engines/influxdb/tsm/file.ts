import { crc32 } from 'node:zlib';
import { messageOf } from '../../../core/errors.ts';
import { readBlock, type Block } from './block.ts';
import { Spill, type Room } from './spill.ts';
import { Window } from './window.ts';

/** First bytes of every TSM file, and its version (tsdb/engine/tsm1/writer.go). */
const magic = 0x16d116d1;
const version = 1;
const headerBytes = 5;

/** Place of the index, at the end. */
const footerBytes = 8;

/** Length of a key before it, type and number of entries behind it. */
const lengthBytes = 2;
export const keyTailBytes = 3;
/** First and last time, place and size of a block. */
export const entryBytes = 28;

/** What is kept of a TSM file until all files of its shard have passed. */
export interface TsmFile {
  /** Name without its ending, which a tombstone file shares. */
  readonly name: string;
  /** Type, number of values and encoded times of each block; see `pushBlock`. */
  readonly blocks: Spill;
  /** The index as it is in the file: keys in order, with first and last time of each of their blocks. */
  readonly index: Spill;
}

/** What is told of blocks before their index says the same. */
interface Passed {
  first: Block | undefined;
  blocks: number;
  /** Checksum of their sizes. */
  sizes: number;
}

const sizeSum = (bytes: number, before: number): number => {
  const size = Buffer.allocUnsafe(4);
  size.writeUInt32BE(bytes);
  return crc32(size, before);
};

/** Bytes before the times in a spill of blocks: type and count, length of the times. */
export const blockHeadBytes = 8;

/** Times are left out where no room for them is left: what overlaps then is told as a range. */
const pushBlock = (spill: Spill, { type, count, times }: Block, room: Room): void => {
  const kept = room.files > 0 ? times : Buffer.alloc(0);
  const head = Buffer.allocUnsafe(blockHeadBytes);
  head.writeUInt32BE(type * 2 ** 24 + count, 0);
  head.writeUInt32BE(kept.length, 4);
  spill.push(head);
  spill.push(kept);
};

/**
 * True where the index begins: nothing else of the file says where blocks end. Its first entry tells place and size of the
 * first block.
 */
const isIndex = async (window: Window, { first }: Passed, left: number): Promise<boolean> => {
  if (!first || left <= footerBytes) return left === footerBytes;
  await window.need(lengthBytes);
  const bytes = lengthBytes + window.data.readUInt16BE(window.at) + keyTailBytes + entryBytes;
  if (bytes + footerBytes > left) return false;
  await window.need(bytes);
  const entryAt = window.at + bytes - entryBytes;
  return (
    window.data.readBigUInt64BE(entryAt + 16) === BigInt(headerBytes) &&
    window.data.readUInt32BE(entryAt + 24) === first.bytes
  );
};

export const closeFile = async ({ blocks, index }: TsmFile): Promise<void> => {
  await blocks.close();
  await index.close();
};

const readHeader = async (window: Window): Promise<void> => {
  const isLong = await window.fill(headerBytes);
  if (!isLong || window.take(4).readUInt32BE() !== magic) throw new Error('it is not a TSM file');
  const [found] = window.take(1);
  if (found !== version)
    throw new Error(`it is a TSM file of version ${found}, of which blocks cannot be counted`);
};

const unlike = (): Error => new Error('its index does not fit to its blocks');

/** Reads the entries of one key; they follow each other as the blocks did. */
const readEntries = async (window: Window, count: number, passed: Passed, next: bigint): Promise<bigint> => {
  let end = next;
  for (let n = 0; n < count; n++) {
    if (!window.has(entryBytes)) await window.need(entryBytes);
    const size = window.data.readUInt32BE(window.at + 24);
    if (window.data.readBigUInt64BE(window.at + 16) !== end) throw unlike();
    passed.sizes = sizeSum(size, passed.sizes);
    end += BigInt(size);
    window.at += entryBytes;
  }
  passed.blocks += count;
  return end;
};

/** Reads the index up to `end`, and keeps it. */
const readIndex = async (window: Window, end: number, index: Spill): Promise<Passed> => {
  const told: Passed = { first: undefined, blocks: 0, sizes: 0 };
  let before: Buffer = Buffer.alloc(0);
  let next = BigInt(headerBytes);
  while (window.position < end) {
    await window.need(lengthBytes);
    const keyBytes = window.data.readUInt16BE(window.at);
    await window.need(lengthBytes + keyBytes + keyTailBytes);
    const head = window.take(lengthBytes + keyBytes + keyTailBytes);
    const key = head.subarray(lengthBytes, lengthBytes + keyBytes);
    if (Buffer.compare(before, key) >= 0) throw new Error('the keys of its index are not in order');
    const count = head.readUInt16BE(head.length - 2);
    await window.need(count * entryBytes);
    index.push(head);
    index.push(window.data.subarray(window.at, window.at + count * entryBytes));
    next = await readEntries(window, count, told, next);
    before = key;
    await index.settle();
  }
  return told;
};

const readFooter = async (window: Window, indexAt: number): Promise<void> => {
  await window.need(footerBytes);
  if (window.take(footerBytes).readBigUInt64BE() !== BigInt(indexAt)) throw unlike();
};

const readAll = async (window: Window, bytes: number, file: TsmFile, room: Room): Promise<void> => {
  await readHeader(window);
  const passed: Passed = { first: undefined, blocks: 0, sizes: 0 };
  while (!(await isIndex(window, passed, bytes - window.position))) {
    const block = await readBlock(window);
    passed.first ??= block;
    passed.blocks++;
    passed.sizes = sizeSum(block.bytes, passed.sizes);
    pushBlock(file.blocks, block, room);
    await file.blocks.settle();
  }
  const indexAt = window.position;
  const told = await readIndex(window, bytes - footerBytes, file.index);
  if (told.blocks !== passed.blocks || told.sizes !== passed.sizes) throw unlike();
  await readFooter(window, indexAt);
};

/** Reads a TSM file of so many bytes as it passes. @throws Error that names it */
export const readTsm = async (
  content: AsyncIterable<Buffer>,
  path: string,
  bytes: number,
  room: Room,
): Promise<TsmFile> => {
  const name = path.replace(/\.tsm$/, '');
  const file = { name, blocks: new Spill(room), index: new Spill(room) };
  try {
    await readAll(new Window(content), bytes, file, room);
    return file;
  } catch (error) {
    await closeFile(file);
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
};
