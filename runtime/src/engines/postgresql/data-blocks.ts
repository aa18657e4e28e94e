import { integerAt, type ArchiveContents } from './archive-contents.ts';
import { damaged, LineCount, type CountedRows, type RowCounter } from './line-count.ts';
import { ObjectCount, type CountedObjects } from './object-hash.ts';
import { RowHash } from './row-hash.ts';

/** Types of blocks: pg_backup_archiver.h */
const [dataBlock, objectsBlock] = [1, 3];

/** What pg_dump writes after the rows of a table: `\.` and three ends of lines. */
const [endHigh, endLow] = [0x5c, 0x2e_0a_0a_0a];

/** What comes next in a block. */
type Expected = 'type' | 'entry' | 'object' | 'length';

/** What a dump holds. */
export interface CountedData {
  /** Rows by number of the entry. */
  readonly rows: ReadonlyMap<number, CountedRows>;
  readonly objects: CountedObjects;
}

/**
 * Counts, and hashes where asked for, the data blocks of a dump as they pass, chunk by chunk (_StartData, _WriteData and
 * _StartLO of pg_backup_custom.c).
 */
export class DataBlocks {
  readonly #contents: ArchiveContents;
  readonly #counter: RowCounter;
  readonly #rows = new Map<number, CountedRows>();
  readonly #objects: ObjectCount;
  #expected: Expected = 'type';
  #isObjects = false;
  /** Entry that the block is of; undefined where its rows do not count. */
  #entry: number | undefined;
  /** The last five bytes of the block, to tell its end from a row. */
  #high = 0;
  #low = 0;
  /** Bytes of data that are to come before the next number. */
  #left = 0;
  /** The start of a number that a chunk cut in two. */
  #cut: Buffer | undefined;

  constructor(contents: ArchiveContents, hashed: boolean) {
    this.#contents = contents;
    this.#counter = hashed ? new RowHash() : new LineCount();
    this.#objects = new ObjectCount(hashed);
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

  /** @throws BackupError dump.damaged in the middle of a block */
  result(): CountedData {
    if (this.#expected !== 'type' || this.#cut) throw damaged('it ends in the middle of a block');
    return { rows: this.#rows, objects: this.#objects.result() };
  }

  #bytesOf(): number {
    return this.#expected === 'type' ? 1 : 1 + this.#contents.intBytes;
  }

  #data(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#left);
    this.#left -= end - start;
    if (this.#isObjects) this.#objects.push(bytes, start, end);
    else if (this.#entry !== undefined) {
      this.#counter.push(bytes, start, end);
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
    const entry = this.#isObjects ? undefined : this.#contents.entries.get(id);
    this.#entry = entry && id;
    this.#expected = this.#isObjects ? 'object' : 'length';
    if (entry) this.#counter.begin(entry.columns);
    [this.#high, this.#low] = [0, 0];
  }

  /** The number 0 ends a block of large objects. */
  #object(id: number): void {
    if (id !== 0) this.#objects.begin(id);
    this.#expected = id === 0 ? 'type' : 'length';
  }

  #end(): void {
    if (this.#isObjects) {
      this.#objects.end();
      this.#expected = 'object';
      return;
    }
    if (this.#entry !== undefined) {
      if (this.#high !== endHigh || this.#low !== endLow) throw damaged('the data of a table has no end');
      this.#rows.set(this.#entry, this.#counter.end());
    }
    this.#expected = 'type';
  }
}
