import { pack as tarPack, type Pack } from 'tar-stream';
import type { DumpEntry, Entries } from '../core/entries.ts';

/**
 * Size of a part. A tar header holds the size before the content, so a stream of unknown length is cut into parts that
 * fit into memory. @default 4 MiB - a million parts, which six digits keep in the order of a shell's glob, are 4 TB
 */
const partBytes = 4 << 20;

/** `dump.rdb` → `dump.rdb.part-000000`: `cat dump.rdb.part-*` rebuilds it by hand. */
export const partName = (name: string, index: number): string =>
  `${name}.part-${String(index).padStart(6, '0')}`;

interface Part {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
}

async function* cut(content: AsyncIterable<Buffer>): AsyncGenerator<Part> {
  let chunks: Buffer[] = [];
  let bytes = 0;
  let full = false;
  for await (const chunk of content) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes < partBytes) continue;
    yield { chunks, bytes };
    [chunks, bytes, full] = [[], 0, true];
  }
  if (bytes > 0 || !full) yield { chunks, bytes };
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

/** The first part waits for a second: an entry that fits into one part keeps its plain name. */
const writeEntry = async (tar: Pack, { name, content }: DumpEntry, mtime: Date): Promise<void> => {
  let index = 0;
  let held: Part | undefined;
  for await (const part of cut(content)) {
    if (index++ === 0) {
      held = part;
      continue;
    }
    if (held) await writePart(tar, partName(name, 0), held, mtime);
    held = undefined;
    await writePart(tar, partName(name, index - 1), part, mtime);
  }
  if (held) await writePart(tar, name, held, mtime);
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
