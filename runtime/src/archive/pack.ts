import { pack as tarPack, type Pack } from 'tar-stream';
import type { DumpEntry, Entries } from '../core/entries.ts';

/**
 * Largest part of an entry. A tar header holds the size before the content, so a stream of unknown length is cut into
 * parts that fit into memory. @default 8 MiB - the header of 512 bytes is nothing beside it, and memory stays flat
 */
const partBytes = 8 << 20;

/** `dump.rdb` → `dump.rdb.part-00000`: `cat dump.rdb.part-*` rebuilds it by hand. */
export const partName = (name: string, index: number): string =>
  `${name}.part-${String(index).padStart(5, '0')}`;

interface Part {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
}

async function* cut(content: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of content) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes < partBytes) continue;
    yield { chunks, bytes };
    [chunks, bytes] = [[], 0];
  }
  yield { chunks, bytes };
}

const writePart = (tar: Pack, name: string, part: Part, mtime: Date): Promise<void> =>
  new Promise((resolve, reject) => {
    const closed = () => reject(new Error('tar stream closed'));
    const entry = tar.entry({ name, size: part.bytes, mtime, mode: 0o600 }, (error) => {
      tar.removeListener('close', closed);
      if (error) reject(error);
      else resolve();
    });
    tar.once('close', closed);
    for (const chunk of part.chunks) entry.write(chunk);
    entry.end(undefined);
  });

/** An entry that fits into one part keeps its plain name. */
const writeEntry = async (tar: Pack, entry: DumpEntry, mtime: Date): Promise<void> => {
  let held: Part | undefined;
  let index = 0;
  for await (const part of cut(entry.content)) {
    if (held) await writePart(tar, partName(entry.name, index++), held, mtime);
    held = part;
  }
  if (index === 0) return writePart(tar, entry.name, held!, mtime);
  if (held!.bytes > 0) await writePart(tar, partName(entry.name, index), held!, mtime);
};

const writeAll = async (tar: Pack, entries: Entries, mtime: Date): Promise<void> => {
  for await (const entry of entries) await writeEntry(tar, entry, mtime);
  tar.finalize();
};

/** Entries → bytes of a tar file. Fails with the entry that fails; never ends cleanly then. */
export async function* pack(entries: Entries, mtime: Date): AsyncGenerator<Buffer> {
  const tar = tarPack();
  const written = writeAll(tar, entries, mtime).catch((error: Error) => {
    tar.destroy(error);
    throw error;
  });
  written.catch(() => {}); // reported below
  try {
    yield* tar as AsyncIterable<Buffer>;
  } finally {
    tar.destroy(new Error('tar stream closed'));
    await written;
  }
}
