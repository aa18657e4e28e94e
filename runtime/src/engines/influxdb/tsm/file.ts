import { messageOf } from '../../../core/errors.ts';
import { oneChunk } from '../../../core/one-chunk.ts';
import { Blocks } from './block.ts';
import {
  firstEntryIn,
  headerBytes,
  IndexReader,
  longestKeyBytes,
  tell,
  unlike,
  type Told,
} from './index-reader.ts';
import { Spill, type Room } from './spill.ts';
import { Window } from './window.ts';

/** First bytes of every TSM file, and its version (tsdb/engine/tsm1/writer.go). */
const magic = 0x16d116d1;
const version = 1;

/** Place of the index, at the end. */
const footerBytes = 8;

/** What is kept of a TSM file until all files of its shard have passed. */
export interface TsmFile {
  /** Name without its ending, which a tombstone file shares. */
  readonly name: string;
  /** Type, number of values and encoded times of each block; see `keeping`. */
  readonly blocks: Spill;
  /** The index as it is in the file: keys in order, with first and last time of each of their blocks. */
  readonly index: Spill;
}

/** Bytes before the times in a spill of blocks: type and count, length of the times. */
export const blockHeadBytes = 8;

/** Keeps of a block what the count needs. Its times are left out where no room for them is left: what overlaps then is told as a range. */
const keeping = (spill: Spill, room: Room) => {
  const head = Buffer.alloc(blockHeadBytes);
  return ({ type, count, times: { data, from, to } }: Blocks): void => {
    const end = room.files > 0 ? to : from;
    head.writeUInt32BE(type * 2 ** 24 + count, 0);
    head.writeUInt32BE(end - from, 4);
    spill.push(head);
    spill.push(data, from, end);
  };
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

/** True where the window stands at a block that ends within so many bytes: half of its checksum may read as the length of a key. */
const isBlock = async ({ data, at }: Window, bytes: number): Promise<boolean> => {
  const blocks = new Blocks(new Window(oneChunk(data.subarray(at, at + bytes))));
  try {
    await blocks.next();
    return true;
  } catch {
    return false;
  }
};

/** Reads blocks up to the index, `end` bytes from the first byte of the file at the latest. */
const readBlocks = async (window: Window, end: number, spill: Spill, room: Room): Promise<Told> => {
  const told: Told = { blocks: 0, sizes: 0 };
  const blocks = new Blocks(window);
  const keep = keeping(spill, room);
  for (let first = 0; ; first ||= blocks.bytes) {
    const left = end - window.position;
    const look = Math.min(left, longestKeyBytes);
    if (!window.has(look)) await window.need(look);
    const entryAt = first > 0 && left > 0 ? firstEntryIn(window, first, left) : 0;
    if (left === 0 || (entryAt > 0 && !(await isBlock(window, entryAt)))) return told;
    const waiting = blocks.next();
    if (waiting) await waiting;
    tell(told, blocks.bytes);
    keep(blocks);
    if (spill.isFull) await spill.settle();
  }
};

/** Reads the index up to `end`, and keeps it. */
const readIndex = async (window: Window, end: number, spill: Spill): Promise<Told> => {
  const index = new IndexReader(window);
  for (let missing = 1; missing > 0;) {
    await window.need(missing);
    const from = window.at;
    missing = index.readKeys(end);
    spill.push(window.data, from, window.at);
    await spill.settle();
  }
  return index.told;
};

const readFooter = async (window: Window, indexAt: number): Promise<void> => {
  await window.need(footerBytes);
  if (window.take(footerBytes).readBigUInt64BE() !== BigInt(indexAt)) throw unlike();
};

const readAll = async (window: Window, bytes: number, file: TsmFile, room: Room): Promise<void> => {
  const end = bytes - footerBytes;
  await readHeader(window);
  const passed = await readBlocks(window, end, file.blocks, room);
  const indexAt = window.position;
  const told = await readIndex(window, end, file.index);
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
