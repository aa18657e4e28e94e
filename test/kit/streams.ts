import { randomBytes } from 'node:crypto';
import type { DumpEntry, Entries } from '../../runtime/src/core/entries.ts';

/** A stream of the given chunks. */
export async function* streamOf(...chunks: readonly (Buffer | string)[]): AsyncGenerator<Buffer> {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

/** A stream that breaks after the given chunks. */
export async function* brokenStream(error: Error, ...chunks: readonly string[]): AsyncGenerator<Buffer> {
  yield* streamOf(...chunks);
  throw error;
}

/** Random bytes in chunks of uneven size, so that no border falls together with another. */
export async function* randomStream(bytes: number, chunkBytes = 65_521): AsyncGenerator<Buffer> {
  for (let left = bytes; left > 0; left -= chunkBytes) yield randomBytes(Math.min(left, chunkBytes));
}

export const collect = async (stream: AsyncIterable<Buffer>): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Entries with the given contents. */
export async function* entriesOf(
  contents: Readonly<Record<string, Buffer | string>>,
): AsyncGenerator<DumpEntry> {
  for (const [name, content] of Object.entries(contents)) yield { name, content: streamOf(content) };
}

/** Reads all entries: name → content. */
export const readAll = async (entries: Entries): Promise<Record<string, Buffer>> => {
  const contents: Record<string, Buffer> = {};
  for await (const { name, content } of entries) contents[name] = await collect(content);
  return contents;
};

/** Random bytes without an end; `onClose` learns that its reader has stopped. */
export async function* endlessStream(onClose: () => void): AsyncGenerator<Buffer> {
  try {
    for (;;) yield await collect(randomStream(1 << 20));
  } finally {
    onClose();
  }
}
