import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { skip } from '../skip.ts';
import { Window } from './window.ts';

/** A range of time that is deleted, both ends included, in nanoseconds. */
export interface Deleted {
  readonly min: bigint;
  readonly max: bigint;
}

/** Deletes that the server has not yet applied to a TSM file, by its keys. */
export interface Tombstones {
  readonly byKey: ReadonlyMap<string, readonly Deleted[]>;
  /** False where there are more than are kept, or some cannot be read: then nobody knows what is still alive. */
  readonly isWhole: boolean;
}

/** Deletes of one file that are kept: about 30 MB. */
const most = 100_000;

/** First bytes by version (tsdb/engine/tsm1/tombstone.go); the first version has none, a key is a line of it. */
const versions = { plain: 0x1502, gzip: 0x1503, appended: 0x1504 } as const;

const longestKey = 0xffff;

/** All times that there are. */
export const forEver: Deleted = { min: -(2n ** 63n), max: 2n ** 63n - 1n };

/** Keys are bytes, of which none is lost so. */
export const keyText = (key: Buffer): string => key.toString('latin1');

/** What is read so far. */
class Found implements Tombstones {
  readonly byKey = new Map<string, Deleted[]>();
  #left = most;
  isWhole = true;

  add(key: Buffer, deleted: Deleted): void {
    this.isWhole &&= this.#left-- > 0;
    if (!this.isWhole) return;
    const text = keyText(key);
    const ranges = this.byKey.get(text);
    if (ranges) ranges.push(deleted);
    else this.byKey.set(text, [deleted]);
  }
}

/** Length of the key, the key, first and last time; the server takes a record that is cut for the end. */
const readRecords = async (window: Window, found: Found): Promise<void> => {
  while (found.isWhole && (await window.fill(4))) {
    const length = window.data.readUInt32BE(window.at);
    if (length > longestKey) throw new Error(`it has a key of ${length} bytes`);
    if (!(await window.fill(4 + length + 16))) return;
    const record = window.take(4 + length + 16);
    const times = record.subarray(4 + length);
    found.add(record.subarray(4, 4 + length), { min: times.readBigInt64BE(0), max: times.readBigInt64BE(8) });
  }
};

const readLines = async (window: Window, found: Found): Promise<void> => {
  for (let isMore = true; isMore && found.isWhole;) {
    isMore = await window.fill(longestKey + 1);
    const end = window.data.indexOf('\n', window.at);
    const line = window.take((end < 0 ? window.data.length : end) - window.at);
    if (end >= 0) window.take(1);
    if (line.length > longestKey) throw new Error('it has a line that is longer than any key');
    if (line.length > 0) found.add(line, forEver);
    isMore ||= window.has(1);
  }
};

/** What is left of a stream whose beginning is in the window. */
async function* rest(window: Window): AsyncGenerator<Buffer, void, undefined> {
  while (await window.fill(1)) yield window.take(window.data.length - window.at);
}

const readVersion = async (window: Window, found: Found): Promise<void> => {
  const version = (await window.fill(4)) ? window.data.readUInt32BE(window.at) : 0;
  if (version === versions.plain) {
    window.take(4);
    return readRecords(window, found);
  }
  if (version !== versions.gzip && version !== versions.appended) return readLines(window, found);
  window.take(4);
  if (!(await window.fill(1))) return;
  const plain = pipeline(rest(window), createGunzip(), () => {}) as AsyncIterable<Buffer>; // its errors surface here
  const records = new Window(plain);
  await readRecords(records, found);
  await skip(rest(records));
};

/** Reads a tombstone file to its end. Restores of InfluxDB do not read it, so a damaged one damages nothing. */
export const readTombstones = async (content: AsyncIterable<Buffer>): Promise<Tombstones> => {
  const found = new Found();
  const window = new Window(content);
  try {
    await readVersion(window, found);
  } catch {
    found.isWhole = false;
  }
  await skip(rest(window));
  return found;
};
