import type { Client } from 'pg';
import type { RunContext } from '../../core/context.ts';
import type { DumpEntry } from '../../core/entries.ts';
import { mustExist } from '../../core/must-exist.ts';
import type { DumpOptions } from '../engine.ts';
import type { Earlier, NewPart, PartsDump, SamePart } from '../engine-parts.ts';
import type { PartSizes } from './block-cutter.ts';
import { queryRow, type PostgresqlSource } from './client.ts';
import { openDump, type Dumped } from './dump.ts';
import { decoderOf } from './encodings.ts';
import { entryNames } from './entries.ts';
import { readNotes, sha256Of, writeNotes, type PartNotes } from './part-notes.ts';
import { piecesOf, type NamedPart, type NamedPiece } from './pieces.ts';

const mib = 1 << 20;
const gib = 1024 * mib;

/**
 * Mean size of parts, by the size of the database, in bytes. Each costs a request or two and a KiB of each manifest, which has room for
 * some 30,000; the content of three is in memory. A database that grows beyond a limit is stored anew once. @default 4 MiB up to 16 GiB - some
 * 4,000 parts of the largest database that has parts of that size
 */
const meanBytes = [
  { upTo: 16 * gib, mean: 4 * mib },
  { upTo: 256 * gib, mean: 16 * mib },
  { upTo: Infinity, mean: 64 * mib },
] as const;

/** Pure. */
export const sizesFor = (databaseBytes: number): PartSizes => {
  const { mean } = mustExist(
    meanBytes.find(({ upTo }) => databaseBytes <= upTo),
    'size of parts',
  );
  return { least: mean / 2, gap: mean / 2, most: 2 * mean };
};

/** A dump that is cut, and what comes of it. */
interface Cutting {
  readonly known: PartNotes;
  /** SHA-256 of each part, and its entry. */
  readonly noted: (readonly [string, string])[];
}

async function* from(chunks: readonly Buffer[]): AsyncGenerator<Buffer> {
  yield* chunks;
}

/** A part, or the earlier one of the same content, which goes on once. */
const partOf = (name: string, { part, item }: NamedPart, { known, noted }: Cutting): NewPart | SamePart => {
  const hash = sha256Of(part);
  const earlier = known.get(hash)?.pop();
  noted.push([hash, name]);
  return earlier === undefined
    ? { name, content: from(part), facts: () => ({ of: item }), isHeld: true }
    : { name, isSame: true, earlier };
};

/** Pieces as entries: what lies between two parts is one entry of the archive's own file. */
async function* entriesOf(
  name: string,
  pieces: AsyncGenerator<NamedPiece, void, undefined>,
  cutting: Cutting,
): AsyncGenerator<DumpEntry | NewPart | SamePart, void, undefined> {
  let next = await pieces.next();
  async function* own(): AsyncGenerator<Buffer> {
    for (; !next.done && 'own' in next.value; next = await pieces.next()) yield next.value.own;
  }
  for (let number = 0; !next.done; number += 1) {
    const entry = entryNames.next(name, number);
    if ('own' in next.value) yield { name: entry, content: own() };
    else {
      yield partOf(entry, next.value, cutting);
      next = await pieces.next();
    }
  }
}

const databaseBytes = async (client: Client): Promise<number> => {
  const sql = 'SELECT pg_database_size(current_database()) AS bytes';
  return Number((await queryRow<{ bytes: string }>(client, sql)).bytes);
};

/** As `dump`, cut into parts: of those that the earlier archive has too, nothing is stored. */
export const dumpParts = async (
  context: RunContext,
  source: PostgresqlSource,
  earlier: Earlier | undefined,
  options: DumpOptions = {},
  sizesOf = sizesFor,
): Promise<PartsDump> => {
  const cutting: Cutting = { known: await readNotes(context, earlier), noted: [] };
  async function* cut({ name, content }: DumpEntry, { client, encoding }: Dumped) {
    const sizes = sizesOf(await databaseBytes(client)); // now: later the session may count
    const decoder = decoderOf(encoding);
    const pieces = piecesOf(content, sizes, (bytes) => decoder.decode(bytes));
    yield* entriesOf(name, pieces, cutting);
  }
  const dump = await openDump(context, source, options, cut);
  return { ...dump, notes: () => writeNotes(cutting.noted) };
};
