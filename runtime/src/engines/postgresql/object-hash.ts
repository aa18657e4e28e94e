import { createHash, type Hash } from 'node:crypto';
import { hexOf } from './row-hash.ts';

/** What is told of the large objects. */
export interface CountedObjects {
  readonly objects: number;
  /** Hash of their numbers and content, where it was asked for. */
  readonly content?: string;
}

/** Counts large objects, which come one after the other, each in pieces of any size. */
export class ObjectCount {
  #objects = 0;
  #low = 0n;
  #high = 0n;
  readonly #hashed: boolean;
  #hash: Hash | undefined;

  constructor(hashed: boolean) {
    this.#hashed = hashed;
  }

  begin(id: number): void {
    this.#objects += 1;
    if (this.#hashed) this.#hash = createHash('sha256').update(`${id}:`);
  }

  push(bytes: Buffer, start: number, end: number): void {
    this.#hash?.update(bytes.subarray(start, end));
  }

  end(): void {
    const digest = this.#hash?.digest();
    if (!digest) return;
    this.#low += digest.readBigUInt64LE(0);
    this.#high += digest.readBigUInt64LE(8);
  }

  result(): CountedObjects {
    return { objects: this.#objects, ...(this.#hashed && { content: hexOf(this.#low, this.#high) }) };
  }
}
