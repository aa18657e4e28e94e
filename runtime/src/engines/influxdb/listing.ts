import { createHash } from 'node:crypto';
import { z } from 'zod';
import { BackupError } from '../../core/errors.ts';
import { oneChunk } from '../../core/one-chunk.ts';
import { collect } from '../../core/process.ts';
import type { DumpEntry, Entries } from '../engine.ts';
import { parseJson } from './json.ts';

/** Name of the last entry of every dump: neither protocol has a checksum or says what belongs together. */
export const listingName = 'files.json';

const listing = z.strictObject({
  files: z.array(z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string() })),
});

/** An entry as the list has it. */
export type File = z.output<typeof listing>['files'][number];

/** Passes the content of an entry through and tells what the list says of it. */
export async function* measured(
  { name, content }: DumpEntry,
  report: (file: File) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256');
  let bytes = 0;
  for await (const chunk of content) {
    hash.update(chunk);
    bytes += chunk.length;
    yield chunk;
  }
  report({ name, bytes, sha256: hash.digest('hex') });
}

/** Adds the list of all entries to a dump. */
export async function* listed(entries: Entries): AsyncGenerator<DumpEntry, void, undefined> {
  const files: File[] = [];
  for await (const entry of entries)
    yield { name: entry.name, content: measured(entry, (file) => files.push(file)) };
  yield listingEntry(files);
}

/** The list of a dump's entries, which is its last one. */
export const listingEntry = (files: readonly File[]): DumpEntry => ({
  name: listingName,
  content: oneChunk(`${JSON.stringify({ files }, null, 1)}\n`),
});

const damaged = (message: string): BackupError => new BackupError('archive.damaged', message);

const readListing = async (content: AsyncIterable<Buffer>): Promise<readonly File[]> =>
  parseJson(listing, (await collect(content)).toString('utf8'), listingName, 'archive.damaged').files;

const compare = (wanted: readonly File[], found: readonly File[]): void => {
  for (const [index, file] of wanted.entries()) {
    const present = found[index];
    if (present?.name !== file.name) throw damaged(`the archive lacks ${file.name}, or has it out of order`);
    if (present.bytes !== file.bytes)
      throw damaged(`${file.name} has ${present.bytes} bytes, ${file.bytes} were dumped`);
    if (present.sha256 !== file.sha256) throw damaged(`${file.name} was altered`);
  }
  const more = found[wanted.length];
  if (more) throw damaged(`the archive holds ${more.name} besides the dump`);
};

/** Passes entries through but the list of them, and fails at the end unless they are exactly what it names. */
export async function* unlisted(entries: Entries): AsyncGenerator<DumpEntry, void, undefined> {
  const found: File[] = [];
  let wanted: readonly File[] | undefined;
  for await (const entry of entries) {
    if (wanted) throw damaged(`${entry.name} follows ${listingName}`);
    if (entry.name === listingName) wanted = await readListing(entry.content);
    else yield { name: entry.name, content: measured(entry, (file) => found.push(file)) };
  }
  if (!wanted) throw damaged(`the archive ends without ${listingName}`);
  compare(wanted, found);
}
