import type { ArchiveContents } from './archive-contents.ts';
import { BlockReader } from './block-reader.ts';
import { damaged, LineCount, type CountedRows, type RowCounter } from './line-count.ts';
import { ObjectCount, type CountedObjects } from './object-hash.ts';
import { RowHash } from './row-hash.ts';

/** What pg_dump writes after the rows of a table: `\.` and three ends of lines. */
const [endHigh, endLow] = [0x5c, 0x2e_0a_0a_0a];

/** What a dump holds. */
export interface CountedData {
  /** Rows by number of the entry. */
  readonly rows: ReadonlyMap<number, CountedRows>;
  readonly objects: CountedObjects;
}

/** Counts, and hashes where asked for, the data blocks of a dump as they pass. */
export class DataBlocks extends BlockReader {
  readonly #contents: ArchiveContents;
  readonly #counter: RowCounter;
  readonly #rows = new Map<number, CountedRows>();
  readonly #objects: ObjectCount;
  #isObjects = false;
  /** Entry that the block is of; undefined where its rows do not count. */
  #entry: number | undefined;
  /** The last five bytes of the block, to tell its end from a row. */
  #high = 0;
  #low = 0;

  constructor(contents: ArchiveContents, hashed: boolean) {
    super(contents.intBytes);
    this.#contents = contents;
    this.#counter = hashed ? new RowHash() : new LineCount();
    this.#objects = new ObjectCount(hashed);
  }

  /** @throws BackupError dump.damaged in the middle of a block */
  result(): CountedData {
    this.assertEnded();
    return { rows: this.#rows, objects: this.#objects.result() };
  }

  protected override data(bytes: Buffer, start: number, end: number): void {
    if (this.#isObjects) this.#objects.push(bytes, start, end);
    else if (this.#entry !== undefined) {
      this.#counter.push(bytes, start, end);
      this.#keepEnd(bytes, start, end);
    }
  }

  #keepEnd(bytes: Buffer, start: number, end: number): void {
    for (let at = Math.max(start, end - 5); at < end; at += 1) {
      this.#high = this.#low >>> 24;
      // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- inside of the chunk; a check would cost, byte by byte
      this.#low = ((this.#low << 8) | bytes[at]!) >>> 0;
    }
  }

  protected override began(id: number, isObjects: boolean): void {
    this.#isObjects = isObjects;
    const entry = isObjects ? undefined : this.#contents.entries.get(id);
    this.#entry = entry && id;
    if (entry) this.#counter.begin(entry.columns);
    [this.#high, this.#low] = [0, 0];
  }

  protected override objectBegan(id: number): void {
    this.#objects.begin(id);
  }

  protected override objectEnded(): void {
    this.#objects.end();
  }

  protected override ended(): void {
    if (this.#entry === undefined) return;
    if (this.#high !== endHigh || this.#low !== endLow) throw damaged('the data of a table has no end');
    this.#rows.set(this.#entry, this.#counter.end());
  }
}
