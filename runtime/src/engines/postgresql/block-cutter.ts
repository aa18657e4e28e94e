import { BlockReader } from './block-reader.ts';

/** Sizes of parts in bytes. */
export interface PartSizes {
  /** Of the shortest; the last one of a table may be a sixteenth of it. What has less is no part. */
  readonly least: number;
  /** From the shortest on, one byte in so many ends a part, where a row ends. */
  readonly gap: number;
  /** Of the longest, which ends inside of a row where it has to. */
  readonly most: number;
}

/** Bytes of a dump in their order. */
export type Piece =
  | { readonly own: Buffer }
  /** Rows, or large objects, of the entry of that number. */
  | { readonly part: readonly Buffer[]; readonly entry: number };

/** Of a row, so many bytes say whether a part ends behind it: most rows differ in them. */
const hashedBytes = 256;

const [offsetBasis, prime] = [0x811c_9dc5, 0x0100_0193];

/** FNV-1a (draft-eastlake-fnv) of some bytes behind others. */
const hashOn = (hash: number, bytes: Buffer, start: number, end: number): number => {
  let value = hash;
  // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- inside of the chunk; a check would cost, byte by byte
  for (let at = start; at < end; at += 1) value = Math.imul(value ^ bytes[at]!, prime);
  return value;
};

/** Spreads what differs over all 32 bits, as a number from 0 to below 1: the end of MurmurHash3. */
const spread = (hash: number): number => {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85eb_ca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2_ae35);
  return ((value ^ (value >>> 16)) >>> 0) / 2 ** 32;
};

/**
 * Cuts the data blocks of a dump into parts, so that rows which stay as they are, and where they are, are the same parts in the
 * next dump, whatever comes before them: the rows themselves say where a part ends. Numbers of entries, which change with the
 * schema, are in no part.
 */
export class BlockCutter extends BlockReader {
  readonly #sizes: PartSizes;
  #pieces: Piece[] = [];
  /** Where in the bytes that pass what was not handed on begins. */
  #from = 0;
  /** Rows of the block that are in no part yet. */
  #pending: Buffer[] = [];
  #pendingBytes = 0;
  /** Of the block that passes; undefined between two. */
  #entry: number | undefined;
  /** Some of the block is a part. */
  #parted = false;
  #rowBytes = 0;
  /** Of the row that passes; undefined where no part may end behind it. */
  #hash: number | undefined;

  constructor(intBytes: number, sizes: PartSizes) {
    super(intBytes);
    this.#sizes = sizes;
  }

  /** What is whole by now. */
  take(): readonly Piece[] {
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  /** After the last bytes. @throws BackupError dump.damaged in the middle of a block */
  finish(): void {
    this.assertEnded();
  }

  protected override began(id: number, _isObjects: boolean, bytes: Buffer, at: number): void {
    this.#own(bytes.subarray(this.#from, at));
    this.#from = at;
    this.#entry = id;
    this.#parted = false;
  }

  protected override data(bytes: Buffer, start: number, end: number): void {
    const isFirst = this.#rowBytes === 0;
    if (isFirst) this.#hash = this.#bytesTo(start) < this.#sizes.least ? undefined : offsetBasis;
    const hashed = Math.min(end, start + hashedBytes - this.#rowBytes);
    if (this.#hash !== undefined) this.#hash = hashOn(this.#hash, bytes, start, hashed);
    this.#rowBytes += end - start;
    for (let full = this.#fullAt(); full <= end; full = this.#fullAt()) this.#cut(bytes, full);
  }

  protected override written(bytes: Buffer, at: number): void {
    if (this.#hash !== undefined && spread(this.#hash) * this.#sizes.gap < this.#rowBytes)
      this.#cut(bytes, at);
    this.#rowBytes = 0;
  }

  protected override ended(bytes: Buffer, end: number): void {
    this.#hold(bytes, end);
    const least = this.#parted ? this.#sizes.least / 16 : this.#sizes.least;
    if (this.#pendingBytes >= least) this.#part();
    else for (const piece of this.#pending) this.#own(piece);
    [this.#pending, this.#pendingBytes, this.#entry] = [[], 0, undefined];
  }

  protected override passed(bytes: Buffer, end: number): void {
    if (this.#entry === undefined) this.#own(bytes.subarray(this.#from, end));
    else this.#hold(bytes, end);
    this.#from = 0;
  }

  #bytesTo(at: number): number {
    return this.#pendingBytes + at - this.#from;
  }

  #fullAt(): number {
    return this.#from + this.#sizes.most - this.#pendingBytes;
  }

  #hold(bytes: Buffer, end: number): void {
    if (end === this.#from) return;
    this.#pending.push(bytes.subarray(this.#from, end));
    this.#pendingBytes += end - this.#from;
    this.#from = end;
  }

  #cut(bytes: Buffer, at: number): void {
    this.#hold(bytes, at);
    this.#part();
    this.#hash = undefined;
  }

  #own(bytes: Buffer): void {
    if (bytes.length > 0) this.#pieces.push({ own: bytes });
  }

  #part(): void {
    if (this.#entry === undefined || this.#pending.length === 0) return;
    this.#pieces.push({ part: this.#pending, entry: this.#entry });
    [this.#pending, this.#pendingBytes, this.#parted] = [[], 0, true];
  }
}
