import { integerAt } from './archive-contents.ts';
import { damaged } from './line-count.ts';

/** Types of blocks: pg_backup_archiver.h */
const [dataBlock, objectsBlock] = [1, 3];

/** What comes next in a block. */
type Expected = 'type' | 'entry' | 'object' | 'length';

/**
 * Reads the data blocks of a dump in the custom format as they pass, chunk by chunk (_StartData, _WriteData and _StartLO of
 * pg_backup_custom.c), and says what comes. Places are such in the bytes that come with them.
 */
export abstract class BlockReader {
  readonly #intBytes: number;
  #expected: Expected = 'type';
  #isObjects = false;
  /** Bytes of data that are to come before the next number. */
  #left = 0;
  /** The start of a number that a chunk cut in two. */
  #cut: Buffer | undefined;

  constructor(intBytes: number) {
    this.#intBytes = intBytes;
  }

  push(chunk: Buffer): void {
    const bytes = this.#cut ? Buffer.concat([this.#cut, chunk]) : chunk;
    let at = 0;
    while (at < bytes.length) {
      if (this.#left > 0) at = this.#data(bytes, at);
      else if (bytes.length - at >= this.#bytesOfNumber()) at = this.#number(bytes, at);
      else break;
    }
    this.#cut = at < bytes.length ? Buffer.from(bytes.subarray(at)) : undefined;
    this.passed(bytes, at);
  }

  /** @throws BackupError dump.damaged in the middle of a block */
  protected assertEnded(): void {
    if (this.#expected !== 'type' || this.#cut) throw damaged('it ends in the middle of a block');
  }

  /** The block of an entry begins; `at` is behind its number. */
  protected abstract began(id: number, isObjects: boolean, bytes: Buffer, at: number): void;
  /** Some of what was written to the block. */
  protected abstract data(bytes: Buffer, start: number, end: number): void;
  /** The block has ended; `end` is where what was written to it does. */
  protected abstract ended(bytes: Buffer, end: number): void;
  /** All of one write, which may be a row, has come. */
  protected written(_bytes: Buffer, _at: number): void {}
  protected objectBegan(_id: number): void {}
  protected objectEnded(): void {}
  /** The bytes were read up to `end`; those behind it come again. */
  protected passed(_bytes: Buffer, _end: number): void {}

  #bytesOfNumber(): number {
    return this.#expected === 'type' ? 1 : 1 + this.#intBytes;
  }

  #data(bytes: Buffer, start: number): number {
    const end = Math.min(bytes.length, start + this.#left);
    this.#left -= end - start;
    this.data(bytes, start, end);
    if (this.#left === 0) this.written(bytes, end);
    return end;
  }

  #number(bytes: Buffer, at: number): number {
    const behind = at + this.#bytesOfNumber();
    if (this.#expected === 'type') this.#begin(bytes.readUInt8(at));
    else this.#take(integerAt(bytes, at, this.#intBytes), bytes, at, behind);
    return behind;
  }

  #begin(type: number): void {
    if (type !== dataBlock && type !== objectsBlock) throw damaged(`it has a block of type ${type}`);
    this.#isObjects = type === objectsBlock;
    this.#expected = 'entry';
  }

  #take(value: number, bytes: Buffer, at: number, behind: number): void {
    if (value < 0) throw damaged(`it has a length of ${value}`);
    if (this.#expected === 'entry') {
      this.#expected = this.#isObjects ? 'object' : 'length';
      this.began(value, this.#isObjects, bytes, behind);
    } else if (this.#expected === 'object') this.#object(value, bytes, at);
    else if (value > 0) this.#left = value;
    else this.#end(bytes, at);
  }

  /** The number 0 ends a block of large objects. */
  #object(id: number, bytes: Buffer, at: number): void {
    this.#expected = id === 0 ? 'type' : 'length';
    if (id === 0) this.ended(bytes, at);
    else this.objectBegan(id);
  }

  #end(bytes: Buffer, at: number): void {
    this.#expected = this.#isObjects ? 'object' : 'type';
    if (this.#isObjects) this.objectEnded();
    else this.ended(bytes, at);
  }
}
