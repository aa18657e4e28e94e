import { closeFile, readTsm, type TsmFile } from './file.ts';
import { Cursor } from './cursor.ts';
import { mergeFiles, type Counts } from './merge.ts';
import type { Room } from './spill.ts';
import { readTombstones, type Tombstones } from './tombstones.ts';

/** Memory of what is kept of a shard's files until the last of them has passed. */
const memoryBytes = 16 << 20;

/** The same in files: times of a billion points that come at no regular times. */
const filesBytes = 2 ** 30;

/** Counts a shard as its files pass. */
export class ShardCount {
  readonly #counts: Counts;
  readonly #room: Room;
  readonly #files: TsmFile[] = [];
  readonly #tombstones = new Map<string, Tombstones>();

  constructor(counts: Counts, folder: () => Promise<string>) {
    this.#counts = counts;
    this.#room = { memory: memoryBytes, files: filesBytes, folder };
  }

  /** Reads a file of the shard; `bytes` long. @throws Error */
  async read(path: string, bytes: number, content: AsyncIterable<Buffer>): Promise<void> {
    if (path.endsWith('.tsm')) this.#files.push(await readTsm(content, path, bytes, this.#room));
    else this.#tombstones.set(path.replace(/\.tombstone$/, ''), await readTombstones(content));
  }

  /** Counts what was read. */
  async end(): Promise<void> {
    const cursors = this.#files.map((file) => new Cursor(file, this.#tombstones.get(file.name)));
    await mergeFiles(cursors, this.#counts);
  }

  async close(): Promise<void> {
    for (const file of this.#files) await closeFile(file);
  }
}
