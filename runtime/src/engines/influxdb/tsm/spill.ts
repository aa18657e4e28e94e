import { open, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import { mustExist } from '../../../core/must-exist.ts';

/** What spills of one count may take together. */
export interface Room {
  /** Bytes of memory that are left; less than none makes spills write to files. */
  memory: number;
  /** Bytes of files that are left. */
  files: number;
  /** Where the files are; made on demand. */
  readonly folder: () => Promise<string>;
}

const pageBytes = 1 << 15;

/** Bytes up to which a copy costs less than a call of `Buffer.copy`. */
const shortBytes = 48;

/** Copies as much as fits. @returns bytes that were copied */
const copy = (bytes: Buffer, from: number, to: number, page: Buffer, used: number): number => {
  if (to - from > shortBytes) return bytes.copy(page, used, from, to);
  const count = Math.min(to - from, pageBytes - used);
  for (let n = 0; n < count; n++) page[used + n] = bytes[from + n] ?? 0;
  return count;
};

/** Bytes that are written once and read once, in order; in memory, or in a file where there are many. */
export class Spill {
  static #files = 0;
  readonly #room: Room;
  #pages: Buffer[] = [];
  /** Bytes of the last page that are used. */
  #used = pageBytes;
  #file: FileHandle | undefined;

  constructor(room: Room) {
    this.#room = room;
  }

  push(bytes: Buffer, from = 0, to = bytes.length): void {
    for (let at = from; at < to;) {
      const page = this.#page();
      const copied = copy(bytes, at, to, page, this.#used);
      this.#used += copied;
      at += copied;
    }
  }

  #page(): Buffer {
    if (this.#used === pageBytes) {
      this.#pages.push(Buffer.allocUnsafeSlow(pageBytes));
      this.#room.memory -= pageBytes;
      this.#used = 0;
    }
    return mustExist(this.#pages.at(-1), 'page');
  }

  /** True where `settle` has something to do: there is no room in memory. */
  get isFull(): boolean {
    return this.#room.memory < 0 && this.#pages.length > 1;
  }

  /** Makes room in memory where there is none: what is full goes to the file. */
  async settle(): Promise<void> {
    if (!this.isFull) return;
    const full = this.#pages.splice(0, this.#pages.length - 1);
    this.#file ??= await open(join(await this.#room.folder(), `spill-${Spill.#files++}`), 'wx+', 0o600);
    await this.#file.writev(full);
    this.#room.memory += full.length * pageBytes;
    this.#room.files -= full.length * pageBytes;
  }

  /** All bytes, from the first on; the spill is empty when they were read. */
  async *read(): AsyncGenerator<Buffer, void, undefined> {
    if (this.#file) yield* this.#fromFile(this.#file);
    for (const [index, page] of this.#pages.entries())
      yield index === this.#pages.length - 1 ? page.subarray(0, this.#used) : page;
    await this.close();
  }

  async *#fromFile(file: FileHandle): AsyncGenerator<Buffer, void, undefined> {
    for (let position = 0; ;) {
      const { bytesRead, buffer } = await file.read(
        Buffer.allocUnsafeSlow(pageBytes),
        0,
        pageBytes,
        position,
      );
      if (bytesRead === 0) return;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
  }

  async close(): Promise<void> {
    this.#room.memory += this.#pages.length * pageBytes;
    [this.#pages, this.#used] = [[], pageBytes];
    await this.#file?.close();
    this.#file = undefined;
  }
}
