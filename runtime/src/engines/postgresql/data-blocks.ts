import { BackupError } from '../../core/errors.ts';
import { integerAt, type ArchiveContents } from './archive-contents.ts';

const newline = 0x0a;

/** Types of blocks: pg_backup_archiver.h */
const [dataBlock, objectsBlock] = [1, 3];

/** What pg_dump writes after the rows of a table: `\.` and three ends of lines. */
const [endHigh, endLow, endLines] = [0x5c, 0x2e_0a_0a_0a, 3];

/** `indexOf` costs as much as looking at some 40 bytes, and is far faster in longer lines. */
const linesIn = (bytes: Buffer, start: number, end: number): number => {
  let lines = 0;
  for (let at = start; at < end; lines += 1) {
    const found = bytes.indexOf(newline, at);
    if (found === -1 || found >= end) break;
    at = found + 1;
  }
  return lines;
};

const damaged = (what: string): BackupError =>
  new BackupError('dump.damaged', `the dump cannot be counted: ${what}`);

/** What comes next in a block. */
type Expected = 'type' | 'entry' | 'object' | 'length';

/**
 * Counts the rows of the data blocks of a dump as they pass, chunk by chunk (_StartData, _WriteData and _StartLO of
 * pg_backup_custom.c). A row is a line: ends of lines in values are escaped.
 */
export class DataBlocks {
  readonly #contents: ArchiveContents;
  readonly #rows = new Map<number, number>();
  #objects = 0;
  #expected: Expected = 'type';
  #isObjects = false;
  /** Entry that the block is of; undefined where its rows do not count. */
  #entry: number | undefined;
  #lines = 0;
  /** The last five bytes of the block, to tell its end from a row. */
  #high = 0;
  #low = 0;
  /** Bytes of data that are to come before the next number. */
  #left = 0;
  /** The start of a number that a chunk cut in two. */
  #cut: Buffer | undefined;

  constructor(contents: ArchiveContents) {
    this.#contents = contents;
  }

  push(chunk: Buffer): void {
    const bytes = this.#cut ? Buffer.concat([this.#cut, chunk]) : chunk;
    this.#cut = undefined;
    for (let at = 0; at < bytes.length;) {
      if (this.#left > 0) at = this.#data(bytes, at);
      else if (bytes.length - at >= this.#bytesOf()) at = this.#number(bytes, at);
      else {
        this.#cut = Buffer.from(bytes.subarray(at));
        return;
      }
    }
  }

  /** Rows by number of the entry, and large objects. @throws BackupError dump.damaged in the middle of a block */
  result(): { readonly rows: ReadonlyMap<number, number>; readonly objects: number } {
    if (this.#expected !== 'type' || this.#cut) throw damaged('it ends in the middle of a block');
    return { rows: this.#rows, objects: this.#objects };
  }

  #bytesOf(): number {
    return this.#expected === 'type' ? 1 : 1 + this.#contents.intBytes;
  }

  #data(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#left);
    this.#left -= end - start;
    if (this.#entry !== undefined) {
      this.#lines += linesIn(bytes, start, end);
      this.#keepEnd(bytes, start, end);
    }
    return end;
  }

  #keepEnd(bytes: Buffer, start: number, end: number): void {
    for (let at = Math.max(start, end - 5); at < end; at += 1) {
      this.#high = this.#low >>> 24;
      // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- inside of the chunk; a check would cost, byte by byte
      this.#low = ((this.#low << 8) | bytes[at]!) >>> 0;
    }
  }

  #number(bytes: Buffer, at: number): number {
    if (this.#expected === 'type') {
      this.#begin(bytes.readUInt8(at));
      return at + 1;
    }
    const { intBytes } = this.#contents;
    this.#take(integerAt(bytes, at, intBytes));
    return at + 1 + intBytes;
  }

  #begin(type: number): void {
    if (type !== dataBlock && type !== objectsBlock) throw damaged(`it has a block of type ${type}`);
    this.#isObjects = type === objectsBlock;
    this.#expected = 'entry';
  }

  #take(value: number): void {
    if (value < 0) throw damaged(`it has a length of ${value}`);
    if (this.#expected === 'entry') this.#enter(value);
    else if (this.#expected === 'object') this.#object(value);
    else if (value > 0) this.#left = value;
    else this.#end();
  }

  #enter(id: number): void {
    this.#entry = this.#isObjects || !this.#contents.entries.has(id) ? undefined : id;
    this.#expected = this.#isObjects ? 'object' : 'length';
    [this.#lines, this.#high, this.#low] = [0, 0, 0];
  }

  /** The number 0 ends a block of large objects. */
  #object(id: number): void {
    this.#objects += id === 0 ? 0 : 1;
    this.#expected = id === 0 ? 'type' : 'length';
  }

  #end(): void {
    if (this.#isObjects) {
      this.#expected = 'object';
      return;
    }
    if (this.#entry !== undefined) {
      if (this.#high !== endHigh || this.#low !== endLow) throw damaged('the data of a table has no end');
      this.#rows.set(this.#entry, this.#lines - endLines);
    }
    this.#expected = 'type';
  }
}
