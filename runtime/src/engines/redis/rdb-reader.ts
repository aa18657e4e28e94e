import { expandLzf } from './lzf.ts';

/** Why an RDB cannot be read. */
export class RdbError extends Error {
  readonly kind: 'damaged' | 'unsupported';

  constructor(kind: 'damaged' | 'unsupported', message: string) {
    super(message);
    this.name = 'RdbError';
    this.kind = kind;
  }
}

/** A piece of parsing: it yields when it needs another chunk. */
export type Step<Result> = Generator<void, Result, void>;

/** Encodings of a length's first byte (RDB_*BITLEN and RDB_ENC_* in rdb.h). */
const [bits6, bits14, encoded] = [0, 1, 3];
const [length32, length64] = [0x80, 0x81];
const lzf = 3;

/** Longest aux field that is kept. */
const shortStringBytes = 1024;

/** Takes an RDB's primitives from chunks as they come. Strings and values are passed over, short ones kept if asked for. */
export class RdbReader {
  #chunk: Buffer = Buffer.alloc(0);
  #at = 0;
  #checked = 0;

  /** Takes the next chunk; the last one must have been read to its end. */
  give(chunk: Buffer): void {
    this.#chunk = chunk;
    this.#at = 0;
    this.#checked = 0;
  }

  get empty(): boolean {
    return this.#at === this.#chunk.length;
  }

  /** Bytes of this chunk read since the last call. */
  unchecked(): Buffer {
    const bytes = this.#chunk.subarray(this.#checked, this.#at);
    this.#checked = this.#at;
    return bytes;
  }

  *byte(): Step<number> {
    while (this.#at === this.#chunk.length) yield;
    // eslint-disable-next-line @typescript-eslint/no-non-null-assertion -- asked above; a check would cost, byte by byte
    return this.#chunk[this.#at++]!;
  }

  *skip(bytes: number): Step<void> {
    let left = bytes;
    for (;;) {
      const step = Math.min(left, this.#chunk.length - this.#at);
      this.#at += step;
      left -= step;
      if (left === 0) return;
      yield;
    }
  }

  *text(bytes: number): Step<string> {
    return (yield* this.bytes(bytes)).toString('latin1');
  }

  /** Little-endian. */
  *uint64(bytes: 4 | 8): Step<bigint> {
    const read = yield* this.bytes(bytes);
    return bytes === 8 ? read.readBigUInt64LE() : BigInt(read.readUInt32LE());
  }

  *#bigEndian(bytes: number): Step<number> {
    let value = 0;
    for (let index = 0; index < bytes; index += 1) value = value * 256 + (yield* this.byte());
    return value;
  }

  *#lengthAfter(first: number): Step<number> {
    if (first >> 6 === bits6) return first;
    if (first >> 6 === bits14) return (first & 0x3f) * 256 + (yield* this.byte());
    if (first === length32) return yield* this.#bigEndian(4);
    if (first === length64) return yield* this.#bigEndian(8);
    throw new RdbError('damaged', `the RDB has an unknown length encoding ${first}`);
  }

  /** A length of 64 bits, as ids of module types are. */
  *wideLength(): Step<bigint> {
    const first = yield* this.byte();
    if (first !== length64) return BigInt(yield* this.#lengthAfter(first));
    return (yield* this.bytes(8)).readBigUInt64BE();
  }

  *length(): Step<number> {
    return yield* this.#lengthAfter(yield* this.byte());
  }

  *skipLengths(count: number): Step<void> {
    for (let index = 0; index < count; index += 1) yield* this.length();
  }

  /** Bytes that the string takes from here on. */
  *#stringBytes(): Step<number> {
    const first = yield* this.byte();
    if (first >> 6 !== encoded) return yield* this.#lengthAfter(first);
    const encoding = first & 0x3f;
    if (encoding < lzf) return 1 << encoding; // integers of 1, 2 and 4 bytes
    if (encoding > lzf) throw new RdbError('damaged', `the RDB has an unknown string encoding ${encoding}`);
    const compressed = yield* this.length();
    yield* this.length();
    return compressed;
  }

  /** Where it is in this chunk: what `goTo` takes back. */
  get at(): number {
    return this.#at;
  }

  goTo(at: number): void {
    this.#at = at;
  }

  // What begins with `pass` is no step, which would cost more than all it does: it passes over what lies whole in this chunk,
  // as nearly all does, and otherwise says so and stays where it was.

  /** @returns -1 where it is not whole, or of 64 bits */
  passLength(): number {
    const [chunk, at] = [this.#chunk, this.#at];
    const first = chunk[at] ?? length64;
    const bytes = first >> 6 === bits6 ? 1 : first >> 6 === bits14 ? 2 : first === length32 ? 5 : Infinity;
    if (!this.passBytes(bytes)) return -1;
    if (bytes === 1) return first;
    return bytes === 2 ? chunk.readUInt16BE(at) & 0x3fff : chunk.readUInt32BE(at + 1);
  }

  passBytes(count: number): boolean {
    const end = this.#at + count;
    if (end > this.#chunk.length) return false;
    this.#at = end;
    return true;
  }

  /** @returns -1 where there is none */
  passByte(): number {
    const byte = this.#chunk[this.#at];
    if (byte === undefined) return -1;
    this.#at += 1;
    return byte;
  }

  /** Little-endian, of 64 bits. @returns -1 where it is not whole */
  passNumber(): number {
    const at = this.#at;
    if (!this.passBytes(8)) return -1;
    return this.#chunk.readUInt32LE(at) + this.#chunk.readUInt32LE(at + 4) * 2 ** 32;
  }

  #passPlainString(): boolean {
    const bytes = this.passLength();
    return bytes >= 0 && this.passBytes(bytes);
  }

  #passEncodedString(encoding: number): boolean {
    if (encoding < lzf) return this.passBytes(1 + (1 << encoding));
    if (encoding > lzf || !this.passBytes(1)) return false;
    const compressed = this.passLength();
    return compressed >= 0 && this.passLength() >= 0 && this.passBytes(compressed);
  }

  passString(): boolean {
    const start = this.#at;
    const first = this.#chunk[start] ?? length64;
    const whole = first >> 6 === encoded ? this.#passEncodedString(first & 0x3f) : this.#passPlainString();
    if (!whole) this.#at = start;
    return whole;
  }

  *skipString(): Step<void> {
    if (!this.passString()) yield* this.skip(yield* this.#stringBytes());
  }

  *skipStrings(count: number): Step<void> {
    for (let index = 0; index < count; index += 1) if (!this.passString()) yield* this.skipString();
  }

  *bytes(count: number): Step<Buffer> {
    const read = Buffer.alloc(count);
    for (let have = 0; have < count;) {
      const copied = this.#chunk.copy(read, have, this.#at, this.#at + count - have);
      this.#at += copied;
      have += copied;
      if (have < count) yield;
    }
    return read;
  }

  /** A string of at most `most` bytes, integers in decimal; a longer one is passed over, and undefined. */
  *stringUpTo(most: number): Step<Buffer | undefined> {
    const first = yield* this.byte();
    if (first >> 6 !== encoded) return yield* this.#bytesUpTo(yield* this.#lengthAfter(first), most);
    const encoding = first & 0x3f;
    if (encoding < lzf) return Buffer.from(yield* this.#integerText(1 << encoding));
    if (encoding > lzf) throw new RdbError('damaged', `the RDB has an unknown string encoding ${encoding}`);
    const [compressed, length] = [yield* this.length(), yield* this.length()];
    const bytes = yield* this.#bytesUpTo(compressed, length > most ? -1 : most);
    if (bytes === undefined) return undefined;
    const expanded = expandLzf(bytes, length);
    if (!expanded) throw new RdbError('damaged', 'the RDB has a string that is not compressed as it says');
    return expanded;
  }

  *#bytesUpTo(count: number, most: number): Step<Buffer | undefined> {
    if (count <= most) return yield* this.bytes(count);
    yield* this.skip(count);
    return undefined;
  }

  /** Name or value of an aux field as text; undefined for one that is longer than those of interest. */
  *shortString(): Step<string | undefined> {
    return (yield* this.stringUpTo(shortStringBytes))?.toString('latin1');
  }

  *#integerText(bytes: number): Step<string> {
    const read = yield* this.bytes(bytes);
    return `${read.readIntLE(0, bytes)}`;
  }
}
