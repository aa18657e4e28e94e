import type {
  Dump,
  DumpEntry,
  Entries,
  Fingerprint,
  ServerInfo,
} from '../../../runtime/src/engines/engine.ts';
import { collect } from '../../../runtime/src/core/process.ts';

/** A dump that was read to its end. */
export interface Saved {
  readonly server: ServerInfo;
  readonly entries: readonly { readonly name: string; readonly bytes: Buffer }[];
  readonly fingerprint: Fingerprint;
}

/** As `save`; `change` runs once, as soon as the first entry comes whose name ends so. */
export const saveWhile = async (
  dumping: Promise<Dump>,
  ending: string,
  change: () => Promise<unknown>,
): Promise<Saved> => {
  const dump = await dumping;
  let changed = false;
  try {
    const entries: { name: string; bytes: Buffer }[] = [];
    for await (const { name, content } of dump.entries) {
      if (!changed && name.endsWith(ending)) {
        changed = true;
        await change();
      }
      entries.push({ name, bytes: await collect(content) });
    }
    return { server: dump.server, entries, fingerprint: await dump.fingerprint() };
  } finally {
    await dump.close();
  }
};

/** Reads a dump to its end and closes it. */
export const save = (dumping: Promise<Dump>): Promise<Saved> => saveWhile(dumping, '', async () => {});

/** Chunk borders of a replay: a prime, so that they fall on every place of a format. */
const chunkBytes = 65_521;

async function* chunks(bytes: Buffer, size: number): AsyncGenerator<Buffer, void, undefined> {
  for (let start = 0; start < bytes.length; start += size) yield bytes.subarray(start, start + size);
}

/** The entries of a saved dump, as an archive would give them. */
export async function* replay({ entries }: Saved, size = chunkBytes): Entries & AsyncGenerator<DumpEntry> {
  for (const { name, bytes } of entries) yield { name, content: chunks(bytes, size) };
}

/** A saved dump with one entry's bytes altered. */
export const alterEntry = (saved: Saved, ending: string, alter: (bytes: Buffer) => Buffer): Saved => ({
  ...saved,
  entries: saved.entries.map((entry) =>
    entry.name.endsWith(ending) ? { ...entry, bytes: alter(entry.bytes) } : entry,
  ),
});

/** A saved dump without an entry. */
export const dropEntry = (saved: Saved, ending: string): Saved => ({
  ...saved,
  entries: saved.entries.filter(({ name }) => !name.endsWith(ending)),
});

async function* brokenOff(bytes: Buffer, error: Error): AsyncGenerator<Buffer, void, undefined> {
  yield bytes.subarray(0, bytes.length >> 1);
  throw error;
}

/** As `replay`, but the last entry fails half-way, as when an archive turns out to be damaged. */
export async function* broken({ entries }: Saved, error: Error): Entries & AsyncGenerator<DumpEntry> {
  for (const { name, bytes } of entries.slice(0, -1)) yield { name, content: chunks(bytes, chunkBytes) };
  const { name, bytes } = entries.at(-1)!;
  yield { name, content: brokenOff(bytes, error) };
}
