import { createHash } from 'node:crypto';
import { firstKeyAt, hashProgram, keyBytes, mostColumns, rowKeyAt, stateAt } from './hash-program.ts';
import { damaged, type CountedRows, type RowCounter } from './line-count.ts';
import { moduleOf } from './wasm-module.ts';

/** What TypeScript knows of browsers alone. */
declare const WebAssembly: {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
};

interface Exports {
  readonly memory: { readonly buffer: ArrayBuffer };
  readonly run: (at: number, limit: number) => number;
}

/** The first page has state and keys, those after it the rows that are hashed at once. */
const pageBytes = 1 << 16;
const pieceBytes = 1 << 17;
/** The program looks at so many bytes at a time. */
const wordBytes = 8;
const pages = 2 + pieceBytes / pageBytes;

/** SipHash's own constants: "somepseudorandomlygeneratedbytes". */
const initial = [0x736f6d6570736575n, 0x646f72616e646f6dn, 0x6c7967656e657261n, 0x7465646279746573n];

/** The words that SipHash begins with, of a key that is made of a name: the first 16 bytes of its SHA-256. */
const keyOf = (name: string): Uint8Array => {
  const digest = createHash('sha256').update(name, 'latin1').digest();
  const words = Buffer.alloc(keyBytes);
  for (const [index, word] of initial.entries())
    words.writeBigUInt64LE(word ^ digest.readBigUInt64LE(wordBytes * (index % 2)), wordBytes * index);
  return words;
};

/** No column has it. */
const rowName = '';

/** Sums of 64 bits, without their carries, as 32 hexadecimal digits. */
export const hexOf = (low: bigint, high: bigint): string =>
  [high, low].map((word) => BigInt.asUintN(64, word).toString(16).padStart(16, '0')).join('');

/**
 * Hashes the rows of one table after the other, as COPY writes them, however they are cut: a few calls into WebAssembly for each
 * MiB, as a call for each row, of which pg_dump makes a block, costs as much as the hash. Memory is flat, whatever the length
 * of a row.
 */
export class RowHash implements RowCounter {
  readonly #run: Exports['run'];
  readonly #memory: Buffer;
  readonly #keys = new Map<string, Uint8Array>();
  /** Bytes of rows that wait to be hashed. */
  #filled = 0;

  constructor() {
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(moduleOf(pages, hashProgram)));
    const { memory, run } = exports as Exports;
    this.#run = run;
    this.#memory = Buffer.from(memory.buffer);
    this.#memory.set(keyOf(rowName), rowKeyAt);
  }

  /** @throws BackupError dump.damaged where no table has so many columns */
  begin(columns: readonly string[]): void {
    if (columns.length > mostColumns) throw damaged('a table has more columns than tables can have');
    const names = columns.length > 0 ? columns : [rowName];
    for (const [index, name] of names.entries())
      this.#memory.set(this.#keyOf(name), firstKeyAt + keyBytes * index);
    this.#memory.fill(0, 0, rowKeyAt);
    this.#memory.copy(this.#memory, stateAt.v0, firstKeyAt, firstKeyAt + keyBytes);
    this.#memory.writeUInt32LE(firstKeyAt, stateAt.key);
    this.#memory.writeUInt32LE(firstKeyAt + keyBytes * (names.length - 1), stateAt.lastKey);
    this.#filled = 0;
  }

  #keyOf(name: string): Uint8Array {
    const known = this.#keys.get(name) ?? keyOf(name);
    this.#keys.set(name, known);
    return known;
  }

  push(bytes: Buffer, start: number, end: number): void {
    for (let at = start; at < end;) {
      const copied = bytes.copy(this.#memory, pageBytes + this.#filled, at, Math.min(end, at + this.#room()));
      this.#filled += copied;
      at += copied;
      if (this.#room() === 0) this.#hash();
    }
  }

  #room(): number {
    return pieceBytes - this.#filled;
  }

  /** What is too short for the program to look at waits for more. */
  #hash(): void {
    const stop = pageBytes + this.#filled;
    const next = this.#run(pageBytes, stop - wordBytes + 1);
    this.#memory.copyWithin(pageBytes, next, stop);
    this.#filled = stop - next;
  }

  end(): CountedRows {
    const stop = pageBytes + this.#filled;
    this.#memory.fill(0, stop, stop + wordBytes);
    this.#run(pageBytes, stop);
    const [rows, lines] = [this.#state('rows'), this.#state('lines')];
    if (this.#state('odd') !== 0n)
      throw damaged('a row has another number of fields than its table of columns');
    if (this.#state('ended') !== 1n || lines !== rows + 3n) throw damaged('the rows of a table have no end');
    return { rows: Number(rows), content: hexOf(this.#state('low'), this.#state('high')) };
  }

  #state(name: keyof typeof stateAt): bigint {
    return this.#memory.readBigUInt64LE(stateAt[name]);
  }
}
